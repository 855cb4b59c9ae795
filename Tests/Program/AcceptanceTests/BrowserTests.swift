import BrowserTestKit
import Foundation
import HTTPServer
import Synchronization
import Testing

/// Pages of other sites in a real browser, against a server without keys on loopback.
@Suite(.timeLimit(.minutes(2)), .enabled(if: Browser.isAvailable, "chromium is not installed"))
struct BrowserTests {
  /// Lists tables and makes one, each with and without the browser's asking first, and writes what became of it into the page.
  static func page(_ tables: String, _ queries: String) -> String {
    """
    <!doctype html><pre id="out">nothing yet</pre><script>
    const out = [];
    const signed = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Date": "20260101T000000Z", "Authorization":
      "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=\(String(repeating: "0", count: 64))"};
    const make = '{"TableName":"made","KeySchema":[{"AttributeName":"k","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST",' +
      '"AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}]}';
    async function attempt(name, work) {
      try { out.push(name + ": " + await work()) } catch (error) { out.push(name + ": blocked") }
    }
    const target = name => ({...signed, "X-Amz-Target": "DynamoDB_20120810." + name});
    async function call(name, body) {
      const answer = await fetch("\(tables)", {method: "POST", headers: target(name), body});
      return answer.status + " " + await answer.text();
    }
    (async () => {
      await attempt("list", () => call("ListTables", "{}"));
      await attempt("make", () => call("CreateTable", make));
      await attempt("simple", async () => (await fetch("\(tables)", {method: "POST", mode: "no-cors", body: make})).type);
      await attempt("queries", async () => await (await fetch("\(queries)/v1/pipelines")).text());
      await attempt("operate", async () => (await fetch("\(queries)/v1/pipelines/notes/rebuild", {method: "POST", mode: "no-cors"})).type);
      document.getElementById("out").textContent = out.join("\\n") + "\\nend";
    })();
    </script>
    """
  }

  /// A page that is made after the server that serves it.
  private final class LatePage: Sendable {
    private let text = Mutex<[UInt8]>([])

    var bytes: [UInt8] { text.withLock { $0 } }

    func set(_ page: String) { text.withLock { $0 = Array(page.utf8) } }
  }

  private func site(_ server: DevProcess) throws -> HTTPServer {
    let page = Array(BrowserTests.page(server.tables, server.page).utf8)
    return try HTTPServer.serving { _, responder in
      responder.answer(HTTPResponse(headers: [("Content-Type", "text/html")], body: page))
    }
  }

  private func tables(_ server: DevProcess) async throws -> String {
    try await Program.run("table", "list", "--endpoint", server.tables).output
  }

  @Test func `a page of another site reads and writes nothing, one of this machine does`() async throws {
    let scene = try await Notes()
    let site = try site(scene.server)
    defer { site.stop() }
    let foreign = try await Browser.page("http://evil.test:\(site.port)/", profile: scene.folder.file("browser"))
    #expect(
      foreign.contains("list: blocked\nmake: blocked\nsimple: opaque\nqueries: blocked\noperate: opaque\nend"), "\(foreign)")
    #expect(try await !tables(scene.server).contains("made"))
    #expect(!scene.server.child.errors.contains("a new generation"), "a page of another site had a pipeline rebuilt")

    let own = try await Browser.page("http://127.0.0.1:\(site.port)/", profile: scene.folder.file("browser"))
    #expect(own.contains(#"list: 200 {"TableNames":["Notes"]}"#) && own.contains("make: 200 "), "\(own)")
    #expect(try await tables(scene.server).contains("made"))
    #expect(await scene.server.child.errorLine(containing: "a new generation is being built") != nil)
    #expect(await scene.server.stop() == 0)
  }

  @Test func `a site whose name leads to this machine reads nothing unless it is given with --host`() async throws {
    let scene = try await Notes()
    let (tables, page) = scene.server.ports
    for address in ["http://evil.test:\(page)/v1/pipelines", "http://evil.test:\(page)/"] {
      let shown = try await Browser.page(address, profile: scene.folder.file("browser"))
      #expect(shown.contains("--host evil.test") && !shown.contains("notes"), "\(shown)")
    }
    // DynamoDB's JSON is nothing that a browser shows.
    #expect(try await !Browser.page("http://evil.test:\(tables)/", profile: scene.folder.file("browser")).contains("healthy"))
    #expect(await scene.server.stop() == 0)
    let named = try await DevProcess.start(
      data: scene.folder.file("data"), pipelines: [scene.folder.file("notes")],
      ["--host", "evil.test", "--cors", "http://evil.test:1"])
    #expect(
      try await Browser.page("http://evil.test:\(named.ports.page)/v1/pipelines", profile: scene.folder.file("browser")).contains(
        "notes"))
    #expect(await named.stop() == 0)
  }

  @Test func `pages of an origin given with --cors may call`() async throws {
    let folder = try TestFolder()
    // The page's port is part of its origin, so it is there first; what it calls is known when it is asked for.
    let called = LatePage()
    let site = try HTTPServer.serving { _, responder in
      responder.answer(HTTPResponse(headers: [("Content-Type", "text/html")], body: called.bytes))
    }
    defer { site.stop() }
    let origin = "http://evil.test:\(site.port)"
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let server = try await DevProcess.start(data: folder.file("data"), pipelines: [folder.file("notes")], ["--cors", origin])
    called.set(BrowserTests.page(server.tables, server.page))
    let shown = try await Browser.page(origin + "/", profile: folder.file("browser"))
    #expect(shown.contains("list: 200") && shown.contains("make: 200") && shown.contains("queries: blocked"), "\(shown)")
    #expect(await server.stop() == 0)
  }
}

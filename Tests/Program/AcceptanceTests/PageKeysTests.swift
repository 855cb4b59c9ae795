import AccessKeys
import BrowserTestKit
import Foundation
import HTTPClient
import PostgresTestKit
import PythonTestKit
import Testing

/// The page's port of a server with keys, as programs, the commands and a browser meet it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PageKeysTests {
  static func token(_ id: String) -> String { "token-of-\(id)-0123456789abcdef" }

  private static let keys = """
    keys:
      - {id: reader, token: \(token("reader")), allow: [{pipelines: ["chat-*"], access: [query]}]}
      - {id: operator, token: \(token("operator")), allow: [{pipelines: [chat-rooms], access: [query, operate]}]}
      - {id: other, token: \(token("other")), allow: [{pipelines: [notes], access: [query, operate]}]}
      - {id: leaver, token: \(token("leaver")), allow: [{pipelines: [chat-rooms], access: [query]}]}
      - {id: everything, token: \(token("everything")), allow: [{pipelines: ["*"], access: [query, operate]}]}
      - {id: test, secret: test, allow: [{tables: ["*"], access: [read, write, admin]}]}

    """

  private static func script(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: name).path
  }

  private let folder: TestFolder
  private let file: String

  init() throws {
    folder = try TestFolder()
    file = try folder.write("keys.yaml", Self.keys)
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
  }

  private func start(_ more: [String] = []) async throws -> DevProcess {
    try await DevProcess.start(
      data: folder.file("data"), pipelines: [Program.pipeline("chat-rooms"), folder.file("notes")], ["--keys", file] + more)
  }

  /// Cookies that only who knows a token can sign, by their names.
  private func writeCookies() throws {
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    func cookie(_ id: String, signedBy other: String, expires: Int64) -> String {
      let text = "1.\(TokenDigest(Self.token(id)).reference).0123456789abcdef0123456789abcdef.\(expires)"
      return text + "." + TokenDigest(Self.token(other)).signature(of: text)
    }
    let cookies = [
      "valid": cookie("reader", signedBy: "reader", expires: now + 60_000),
      "over": cookie("reader", signedBy: "reader", expires: now - 1),
      "of another key": cookie("reader", signedBy: "other", expires: now + 60_000),
      "of no key": cookie("stranger", signedBy: "stranger", expires: now + 60_000),
    ]
    try JSONEncoder().encode(cookies).write(to: URL(filePath: file + ".cookies"))
  }

  @Test(.enabled(if: Python.isAvailable, Comment(rawValue: Python.skipped)))
  func `every path asks for its right, a cookie is the page's alone, and sessions end`() async throws {
    try writeCookies()
    let server = try await start()
    let outcome = try await Program.run(Python.path, [Self.script("page_keys.py"), server.page, file, "-"])
    #expect(outcome.status == 0, "\(outcome)")
    #expect(await server.stop() == 0)
    let said = server.child.output + server.child.errors
    #expect(!said.contains("0123456789abcdef"), "a token is said")
    let line = "key=operator pipeline=chat-rooms operation=rebuild outcome=done from=127.0.0.1"
    #expect(said.contains(line) && said.contains("key=reader pipeline=notes operation=rebuild outcome=Forbidden from=127.0.0.1"))
    #expect(said.contains("operation=rebuild outcome=ForbiddenOrigin"))
  }

  @Test(.enabled(if: Browser.isAvailable && Python.isAvailable, "chromium is not installed"))
  func `the page asks for a token, shows what its key may see, and forgets it at the logout`() async throws {
    let server = try await start()
    for (id, text) in [("first", "hello"), ("second", "<b>there</b>")] {
      let put = try await Program.run("table", "put", "Notes", "id=\(id)", "Text=\(text)", "--endpoint", server.tables)
      #expect(put.status == 0, "\(put)")
    }
    let pictures = ProcessInfo.processInfo.environment["AFTERIMAGE_PICTURES"] ?? "-"
    let outcome = try await Program.run(
      Python.path, [Self.script("page_login.py"), Browser.path, server.page, file, folder.file("profile"), pictures])
    #expect(outcome.status == 0, "\(outcome)\n\(server.child.errors.suffix(2_000))")
    #expect(await server.stop() == 0)
  }

  @Test func `under TLS the cookie is Secure, and commands send their token`() async throws {
    let (certificate, key) = try await folder.certificate()
    let server = try await start(["--tls-cert", certificate, "--tls-key", key])
    #expect(server.page.hasPrefix("https://"))
    let login = try await Program.run(
      "/usr/bin/env",
      [
        "curl", "-s", "-i", "--cacert", certificate, "-H", "Content-Type: application/json", "-d",
        #"{"token":"\#(Self.token("reader"))"}"#, server.page + "/v1/login",
      ])
    #expect(login.output.contains("Set-Cookie: __Host-afterimage-session=1."), "\(login)")
    #expect(login.output.contains("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"), "\(login)")

    let tokenFile = try folder.write("token", Self.token("operator") + "\n")
    func run(_ variables: [String] = [], _ words: String...) async throws -> Program.Outcome {
      try await Program.run("/usr/bin/env", variables + [Program.path] + words + ["--server", server.page])
    }
    let (trust, reader) = ("AFTERIMAGE_TLS_CA=" + certificate, "AFTERIMAGE_TOKEN=" + Self.token("reader"))
    var listed = try await run([trust, reader], "query", "chat-rooms")
    while listed.errors.contains("no read model yet") { listed = try await run([trust, reader], "query", "chat-rooms") }
    #expect(listed.status == 0 && listed.output.contains("room_latest"), "\(listed)")
    let rebuilt = try await run([], "pipeline", "rebuild", "chat-rooms", "--token-file", tokenFile, "--tls-ca", certificate)
    #expect(rebuilt.status == 0, "\(rebuilt)")
    let tables = try await Program.run("table", "list", "--endpoint", server.tables, "--tls-ca", certificate)
    #expect(tables.status == 0 && tables.output.contains("Notes"), "\(tables)")

    func refused(_ variables: [String], _ words: [String], _ text: String) async throws {
      let outcome = try await Program.run("/usr/bin/env", variables + [Program.path] + words + ["--server", server.page])
      #expect(outcome.status == 1 && outcome.errors.contains(text), "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1 && !outcome.errors.contains("0123456789abcdef"), "\(outcome)")
    }
    let query = ["query", "chat-rooms"]
    try await refused([trust], query, "asks for a token: set AFTERIMAGE_TOKEN, or name a file of it with --token-file FILE")
    try await refused([trust, "AFTERIMAGE_TOKEN=wrong"], query, "does not take the token: no key has this token")
    try await refused(
      [trust, reader], ["pipeline", "rebuild", "chat-rooms"],
      "refuses it: no rule of the key reader allows operate access to the pipeline chat-rooms")
    try await refused([trust, reader], query + ["--token-file", folder.file("none")], "none cannot be read")
    try await refused([reader], query, "has a certificate that is not trusted here")
    try await refused([reader], query, "name its authority with --tls-ca FILE")
    let doctor = try await Program.run(
      "/usr/bin/env",
      [trust, Program.path, "doctor", "--data", folder.file("data"), "--endpoint", server.tables, "--server", server.page])
    #expect(doctor.output.contains("asks for a token"), "\(doctor)")
    #expect(await server.stop() == 0)
    #expect(!(server.child.output + server.child.errors).contains("0123456789abcdef"))
  }

  @Test func `a process with keys listens anywhere, and says what is missing`() async throws {
    let server = try await start(["--page-address", "0.0.0.0"])
    #expect(await server.child.errorLine(containing: "tokens reach the page unencrypted: use --tls-cert and --tls-key") != nil)
    #expect(await server.stop() == 0)
    let signing = try folder.write("signing.yaml", "keys: [{id: a, secret: s, allow: [{tables: ['*'], access: [read]}]}]")
    let query = try await DevProcess.serve(
      ["--roles", "query", "--data", folder.file("models"), "-p", folder.file("notes"), "--keys", signing])
    #expect(await query.child.errorLine(containing: "no key has a `token`: the page and the queries answer nobody") != nil)
    let asked = try await Program.run("query", "notes", "--server", query.page)
    #expect(asked.status == 1 && asked.errors.contains("asks for a token"), "\(asked)")
    #expect(await query.stop() == 0)
  }

  @Test(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
  func `a logout holds in every process on the database, those that begin later too`() async throws {
    let cluster = try PostgresCluster.shared()
    let url = cluster.url(try cluster.makeDatabase(), password: PostgresCluster.password)
    func start(_ name: String) async throws -> DevProcess {
      try await DevProcess.serve(
        [
          "--roles", "query", "--data", folder.file(name), "--health-port", "0", "-p", folder.file("notes"), "--keys", file,
          "--read-models", url,
        ])
    }
    let client = HTTPClient()
    /// By its cookie, of a login there.
    func logIn(_ process: DevProcess) async throws -> String {
      let answer = try await client.send(
        .init(
          method: "POST", url: process.page + "/v1/login", headers: [(name: "Content-Type", value: "application/json")],
          body: Array(#"{"token":"\#(Self.token("other"))"}"#.utf8)))
      return try #require(answer.headers["set-cookie"]?.split(separator: ";").first.map(String.init), "\(answer)")
    }
    func ask(_ method: String, _ path: String, _ cookie: String, _ process: DevProcess) async throws -> Int {
      let headers = [(name: "Cookie", value: cookie), (name: "Origin", value: process.page)]
      return try await client.send(.init(method: method, url: process.page + path, headers: headers)).status
    }
    let (first, second) = (try await start("first"), try await start("second"))
    let (ended, other) = (try await logIn(first), try await logIn(second))
    for process in [first, second] {
      for cookie in [ended, other] { #expect(try await ask("GET", "/v1/session", cookie, process) == 200) }
    }
    #expect(try await ask("POST", "/v1/logout", ended, first) == 200)
    #expect(try await ask("GET", "/v1/session", ended, first) == 401)
    let limit = ContinuousClock.now + PostgresScene.waitMax
    while try await ask("GET", "/v1/session", ended, second) != 401 {
      try #require(ContinuousClock.now < limit, "\(second.child.errors)")
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(await second.stop() == 0)
    let third = try await start("third")
    #expect(try await ask("GET", "/v1/session", ended, third) == 401)
    for process in [first, third] {
      #expect(try await ask("GET", "/v1/session", other, process) == 200)
      #expect(await process.stop() == 0, "\(process.child.errors)")
    }
  }
}

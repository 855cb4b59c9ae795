import HTTPServer
import StoreTestKit
import TableAPI
import TableStore
import Testing

/// What the table API answers pages in browsers, with and without keys.
@Suite struct PageRequestTests {
  let directory = TemporaryDirectory()

  /// The status, the error's start and the CORS headers of a ListTables with these headers.
  private func answer(_ settings: TableAPI.Settings, _ headers: [String: String?]) async throws -> APIClient.Answer {
    let store = try TableStore(path: directory.path)
    let api = TableAPI(store: store, settings: settings)
    let server = try HTTPServer.serving { api.handle($0, $1) }
    defer {
      server.stop()
      store.close()
    }
    return try await APIClient(port: server.port).send("ListTables", "{}", headers: headers)
  }

  @Test func `one host is asked after another on one server`() async throws {
    let store = try TableStore(path: directory.path)
    let api = TableAPI(store: store, settings: Self.local)
    let server = try HTTPServer.serving { api.handle($0, $1) }
    defer {
      server.stop()
      store.close()
    }
    let client = APIClient(port: server.port)
    for (host, status) in [("named", 200), ("evil.test", 403), ("named", 200), ("localhost", 200), ("named.evil.test", 403)] {
      #expect(try await client.send("ListTables", "{}", headers: ["Host": host]).status == status, "\(host)")
    }
  }

  private static let local = TableAPI.Settings(
    hosts: HostRules(address: "127.0.0.1", names: ["named"]), origins: .loopback(and: ["https://app.example.com"]))

  @Test func `a foreign page is refused in DynamoDB's form, without CORS headers`() async throws {
    let answer = try await answer(Self.local, ["Origin": "http://evil.test"])
    #expect(answer.status == 403 && answer.error.hasPrefix("AccessDeniedException"), "\(answer.text)")
    #expect(answer.text.contains("--cors http://evil.test"))
    #expect(answer.headers["access-control-allow-origin"] == nil && answer.headers["vary"] == "Origin")
  }

  @Test(arguments: ["http://localhost:8001", "http://127.0.0.1", "http://[::1]:5", "https://app.example.com"])
  func `a page that may call gets its own origin back`(origin: String) async throws {
    let answer = try await answer(Self.local, ["Origin": origin])
    #expect(answer.status == 200 && answer.headers["access-control-allow-origin"] == origin, "\(answer.text)")
  }

  @Test func `a foreign host is refused, and a given one is not`() async throws {
    let refused = try await answer(Self.local, ["Host": "evil.test:8000"])
    #expect(refused.status == 403 && refused.text.contains("--host evil.test"), "\(refused.text)")
    #expect(try await answer(Self.local, ["Host": "named:8000"]).status == 200)
  }

  @Test func `otherwise every page may call, as on AWS`() async throws {
    let answer = try await answer(.init(), ["Origin": "http://evil.test", "Host": "anything"])
    #expect(answer.status == 200 && answer.headers["access-control-allow-origin"] == "*")
  }
}

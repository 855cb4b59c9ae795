import AccessKeys
import Foundation
import ReadModels
import Services
import Synchronization
import Telemetry
import Testing

@testable import HTTPServer
@testable import QueryAPI

/// The router of a server with keys: every route asks for the access that it is to ask for, and operations leave a line.
@Suite struct KeyedRouterTests {
  private struct Operator: PipelineOperator {
    func rebuild(_ pipeline: String) async throws { throw OperatorRefusal("not now") }
    func effects(_ pipeline: String, _ states: Set<EffectState>, after: EffectID, limit: Int) async throws -> [ListedEffect] {
      []
    }
    func effectNames(_ pipeline: String) async throws -> [(name: String, isPaused: Bool)] { [] }
    func setPaused(_ pipeline: String, effect: String, _ isPaused: Bool) async throws {}
    func change(_ pipeline: String, _ effects: EffectSelection, _ change: EffectChange) async throws -> Int { 1 }
  }

  /// A server of one pipeline, `scene`, whose file of keys may change.
  private final class Served: Sendable {
    let path = FileManager.default.temporaryDirectory.path + "/keys-\(UUID()).yaml"
    let keys: PageKeys
    let router: QueryRouter
    let lines = Lines()
    let clock = Clock()

    final class Lines: Sendable {
      let all = Mutex<[String]>([])
    }

    /// Milliseconds since 1970.
    final class Clock: Sendable {
      let now = Mutex<Int64>(1_000_000)
    }

    static func token(_ id: String) -> String { "token-of-\(id)-0123456789abcdef" }

    static let all = ["reader", "operator", "both", "other", "nobody", "everything"]

    init() throws {
      let rules = [
        "{ pipelines: [scene], access: [query] }", "{ pipelines: [scene], access: [operate] }",
        "{ pipelines: [scen*], access: [query, operate] }", "{ pipelines: [other], access: [query, operate] }", "",
        "{ pipelines: ['*'], access: [query, operate] }",
      ]
      try Served.write(path, zip(Served.all, rules).map { ($0, $1) })
      let scene = try Scene()
      try scene.play("a", points: 5)
      keys = PageKeys(try KeyFile(path: path), isSecure: false) { [clock] in clock.now.withLock { $0 } }
      router = QueryRouter(
        views: [scene.view], operations: Operator(), changed: scene.changed,
        status: .init(schema: .object([]), json: { _ in Array("{}".utf8) }), metrics: { "" },
        files: [("/", HTTPResponse()), ("/page.js", HTTPResponse())], keys: keys,
        logger: Logger { [lines] line in lines.all.withLock { $0.append(line) } })
    }

    static func write(_ path: String, _ keys: [(id: String, rule: String)]) throws {
      let entries = keys.map { "  - { id: \($0.id), token: \(token($0.id)), allow: [\($0.rule)] }\n" }
      try Data(("keys:\n" + entries.joined()).utf8).write(to: URL(filePath: path), options: .atomic)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func ask(
      _ method: String, _ path: String, _ query: [(name: String, value: String)] = [], _ credentials: RequestCredentials,
      origin: RequestOrigin = .init(), json: String = ""
    ) async -> HTTPResponse {
      var asked = QueryRouter.Asked(method, path, query)
      asked.sender.credentials = credentials
      asked.sender.origin = origin
      asked.sender.address = "192.0.2.1"
      asked.sender.json = Array(json.utf8)
      if let answer = router.answerAtOnce(asked) { return answer }
      return await router.answer(asked)
    }

    func logIn(_ id: String) async throws -> String {
      let answer = await ask("POST", "/v1/login", [], .none, json: #"{"token":"\#(Served.token(id))"}"#)
      let header = try #require(answer.headers.first { $0.name == "Set-Cookie" }?.value, "\(answer.text)")
      #expect(answer.status == 200 && header.hasSuffix("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"), "\(header)")
      #expect(!header.contains(Served.token(id)) && answer.text.contains("\"key\":\"\(id)\""))
      return String(try #require(header.split(separator: ";").first).dropFirst("afterimage-session=".count))
    }
  }

  private static let ownPage = RequestOrigin(host: "h", origin: "http://h", fetchSite: "same-origin")

  @Test func `every route answers those keys that its access is given by, and nobody without a key`() async throws {
    let served = try Served()
    var seen: [RequiredAccess] = []
    var cookies: [String: String] = [:]
    for id in Served.all { cookies[id] = try await served.logIn(id) }
    for route in served.router.routes where route.path != "/v1/events" {
      let path = Route.fill(route.path, ["scene", "everybody", "everybody"])
      let method = route.method.rawValue
      seen.append(route.access)
      for credentials in [RequestCredentials.none, .token("wrong"), .cookie("wrong"), .malformed("no")] {
        let answer = await served.ask(method, path, [], credentials)
        if route.access == .nothing {
          #expect(answer.status == (route.path == "/v1/login" ? 400 : 200), "\(path) \(answer.status)")
        } else {
          let header = answer.headers.first { $0.name == "WWW-Authenticate" }?.value ?? ""
          #expect(answer.status == 401 && header.hasPrefix("Bearer realm=\"afterimage\""), "\(path) \(answer.status)")
          #expect(header.hasSuffix(", error=\"invalid_token\"") == (credentials != .none))
        }
      }
      for id in Served.all where route.access != .nothing {
        let isAllowed =
          switch route.access {
          case .nothing, .anyKey: true
          case .everyPipeline: id == "everything"
          case .pipeline(.query): ["reader", "both", "everything"].contains(id)
          case .pipeline(.operate): ["operator", "both", "everything"].contains(id)
          }
        let cookie = try #require(cookies[id])
        for credentials in [RequestCredentials.token(Served.token(id)), .cookie(cookie)] where route.path != "/v1/logout" {
          let answer = await served.ask(method, path, [], credentials, origin: Self.ownPage)
          #expect((answer.status == 403) == !isAllowed && answer.status != 401, "\(method) \(path) \(id): \(answer.status)")
          guard case .cookie = credentials, method == "POST" else { continue }
          let forged = await served.ask(
            method, path, [], credentials, origin: .init(host: "h", origin: "http://evil.test", fetchSite: "cross-site"))
          #expect(forged.status == 403 && forged.text.contains("ForbiddenOrigin"), "\(path)")
        }
      }
    }
    let accesses: [RequiredAccess] = [.nothing, .anyKey, .everyPipeline(.query), .pipeline(.query), .pipeline(.operate)]
    for access in accesses { #expect(seen.contains(access)) }
    #expect(seen.count { $0.isOperation } == 5)
  }

  @Test func `a path or method that is not there tells nothing to those without a key`() async throws {
    let served = try Served()
    for (method, path) in [
      ("GET", "/v1/nothing"), ("DELETE", "/v1/pipelines"), ("GET", "/v1/pipelines/scene/rebuild"), ("POST", "/"),
    ] {
      #expect(await served.ask(method, path, [], .none).status == 401, "\(method) \(path)")
      let known = await served.ask(method, path, [], .token(Served.token("nobody")))
      #expect([404, 405].contains(known.status), "\(method) \(path) \(known.status)")
    }
  }

  @Test func `what is listed is what the key may see`() async throws {
    let served = try Served()
    func answer(_ path: String, _ id: String) async -> String { await served.ask("GET", path, [], .token(Served.token(id))).text }
    for id in ["reader", "operator", "both", "everything"] {
      #expect(await answer("/v1/pipelines", id) == #"{"pipelines":["scene"]}"#)
    }
    for id in ["other", "nobody"] {
      #expect(await answer("/v1/pipelines", id) == #"{"pipelines":[]}"#)
      #expect(await !answer("/v1/openapi.json", id).contains("scene"))
    }
    // One that is not there and one that may not be seen look alike.
    #expect(
      await answer("/v1/pipelines/missing", "nobody").replacing("missing", with: "scene")
        == answer("/v1/pipelines/scene", "nobody"))
    #expect(await answer("/v1/pipelines/missing", "everything").contains("there are: scene"))
    #expect(await answer("/v1/pipelines/scenes", "both").contains("there are: scene"))
    let (reader, oper) = (await answer("/v1/openapi.json", "reader"), await answer("/v1/openapi.json", "operator"))
    #expect(reader.contains("/queries/everybody\"") && !reader.contains("/rebuild\"") && !reader.contains("\"/metrics\""))
    #expect(!oper.contains("/queries/everybody\"") && oper.contains("/rebuild\"") && !oper.contains("Dashboard.scene"))
    #expect(await answer("/v1/openapi.json", "everything").contains("\"/metrics\""))
  }

  @Test func `the document names both ways to prove who asks`() async throws {
    let served = try Served()
    let text = await served.ask("GET", "/v1/openapi.json", [], .token(Served.token("everything"))).text
    let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let schemes = try #require((document["components"] as? [String: Any])?["securitySchemes"] as? [String: [String: Any]])
    #expect(schemes["token"]?["scheme"] as? String == "bearer" && schemes["session"]?["in"] as? String == "cookie")
    #expect(schemes["session"]?["name"] as? String == "afterimage-session")
    #expect((document["security"] as? [[String: Any]])?.compactMap(\.keys.first) == ["token", "session"])
    let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
    for (path, methods) in paths {
      for (_, operation) in methods {
        let isOpen = (operation["security"] as? [Any])?.isEmpty ?? false
        let responses = operation["responses"] as? [String: Any] ?? [:]
        #expect(isOpen == ["/", "/page.js", "/v1/login"].contains(path), "\(path)")
        #expect((responses["401"] != nil) == (!isOpen || path == "/v1/login"), "\(path)")
      }
    }
  }

  @Test func `an operation leaves one line: who, what, of which pipeline, what came of it, from where`() async throws {
    let served = try Served()
    let cookie = try await served.logIn("both")
    _ = await served.ask("POST", "/v1/pipelines/scene/effects/gone/pause", [], .token(Served.token("operator")))
    _ = await served.ask(
      "POST", "/v1/pipelines/scene/effects/retry", [("effect", "a b"), ("token", "secret")], .token(Served.token("operator")))
    _ = await served.ask("POST", "/v1/pipelines/scene/rebuild", [], .token(Served.token("reader")))
    _ = await served.ask(
      "POST", "/v1/pipelines/scene/rebuild", [], .cookie(cookie), origin: .init(host: "h", origin: "http://evil.test"))
    _ = await served.ask("POST", "/v1/pipelines/scene/rebuild", [], .cookie(cookie), origin: Self.ownPage)
    _ = await served.ask("POST", "/v1/pipelines/missing/rebuild", [], .token(Served.token("everything")))
    _ = await served.ask("POST", "/v1/pipelines/scene/rebuild", [], .token("wrong"))
    _ = await served.ask("GET", "/v1/pipelines/scene", [], .token(Served.token("reader")))
    _ = await served.ask("POST", "/v1/pipelines/scene/leaderboards/best/ranks", [("board", "r")], .token(Served.token("reader")))
    let lines = served.lines.all.withLock { $0 }.map { $0.split(separator: " ").dropFirst(5).joined(separator: " ") }
    #expect(
      lines == [
        "key=operator pipeline=scene operation=effects/gone/pause outcome=done from=192.0.2.1",
        "key=operator pipeline=scene operation=\"effects/retry effect=a b\" outcome=BadRequest from=192.0.2.1",
        "key=reader pipeline=scene operation=rebuild outcome=Forbidden from=192.0.2.1",
        "key=both pipeline=scene operation=rebuild outcome=ForbiddenOrigin from=192.0.2.1",
        "key=both pipeline=scene operation=rebuild outcome=Refused from=192.0.2.1",
        "key=everything pipeline=missing operation=rebuild outcome=NotFound from=192.0.2.1",
      ], "\(lines)")
    #expect(!served.lines.all.withLock { $0 }.joined().contains("secret"))
  }

  @Test(.timeLimit(.minutes(1))) func `a session ends by logout, with its time, and when its entry leaves the file`() async throws
  {
    let served = try Served()
    func status(_ cookie: String) async -> Int { await served.ask("GET", "/v1/session", [], .cookie(cookie)).status }
    let (first, second) = (try await served.logIn("reader"), try await served.logIn("reader"))
    #expect(await served.ask("POST", "/v1/logout", [], .cookie(first)).status == 403)
    let out = await served.ask("POST", "/v1/logout", [], .cookie(first), origin: Self.ownPage)
    #expect(out.headers.contains { $0.name == "Set-Cookie" && $0.value.hasPrefix("afterimage-session=; Path=/; Max-Age=0") })
    let (afterLogout, beside) = (await status(first), await status(second))
    #expect(out.status == 200 && afterLogout == 401 && beside == 200)
    // A logout that another process has told of.
    let elsewhere = try await served.logIn("reader")
    let parts = elsewhere.split(separator: ".")
    #expect(await status(elsewhere) == 200 && served.keys.untold.count == 1)
    served.keys.hear([EndedSession(number: String(parts[2]), expires: try #require(Int64(parts[3])))], told: served.keys.untold)
    let heard = await status(elsewhere)
    #expect(heard == 401 && served.keys.untold.isEmpty)
    served.clock.now.withLock { $0 += PageSession.lifetime - 1 }
    let atLast = await status(second)
    served.clock.now.withLock { $0 += 1 }
    let past = await status(second)
    #expect(atLast == 200 && past == 401)
    let (third, other) = (try await served.logIn("reader"), try await served.logIn("other"))
    try Served.write(served.path, [("other", "")])
    while await status(third) != 401 { try await Task.sleep(for: .milliseconds(20)) }
    #expect(await status(other) == 200)
    #expect(await served.ask("GET", "/v1/session", [], .token(Served.token("reader"))).status == 401)
  }

  @Test(.timeLimit(.minutes(1))) func `events are those that the listener may see, and end with its key`() async throws {
    let served = try Served()
    func stream(_ credentials: RequestCredentials) async throws -> ResponseStream {
      let answer = await served.ask("GET", "/v1/events", [], credentials)
      guard case .stream(let stream) = answer.body else { throw NotSeen(description: "no stream: \(answer.status)") }
      return stream
    }
    let (reader, oper) = (try await stream(.cookie(served.logIn("reader"))), try await stream(.token(Served.token("operator"))))
    let service = Task { try await served.router.eventService.run() }
    try await see("the reader has the status") { Self.read(reader).contains("event: status") }
    #expect(Self.read(oper) == "")
    try Served.write(served.path, [("operator", "{ pipelines: [scene], access: [operate] }")])
    try await see("the reader's stream has ended") { reader.send([1]) == .ended }
    #expect(oper.send([1]) != .ended)
    service.cancel()
    try? await service.value
  }

  /// What waits in a stream.
  private static func read(_ stream: ResponseStream) -> String {
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
      let count = stream.read(into: buffer)
      return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : ""
    }
  }

  @Test func `a login is JSON with a token and nothing else, from our own page or a program`() async throws {
    let served = try Served()
    let token = Served.token("reader")
    func status(_ json: String, _ origin: RequestOrigin = .init()) async -> Int {
      await served.ask("POST", "/v1/login", [], .none, origin: origin, json: json).status
    }
    #expect(await status(#"{"token":"\#(token)"}"#) == 200)
    #expect(await status(#"{"token":"\#(token)"}"#, Self.ownPage) == 200)
    #expect(await status(#"{"token":"\#(token)"}"#, .init(host: "h", origin: "http://evil.test")) == 403)
    for json in ["", "[]", "{}", "{", #""\#(token)""#, #"{"token":1}"#, #"{"token":null}"#, #"{"token":"\#(token)","more":1}"#] {
      #expect(await status(json) == 400, "\(json)")
    }
    for wrong in ["", "x", token + "x", String(repeating: "x", count: 100_000), "ä", token + "\\u0000"] {
      #expect(await status(#"{"token":"\#(wrong)"}"#) == 401, "\(wrong.prefix(50))")
    }
    let answer = await served.ask("POST", "/v1/login", [("token", token)], .none)
    #expect(answer.status == 400 && !answer.text.contains(token))
  }
}

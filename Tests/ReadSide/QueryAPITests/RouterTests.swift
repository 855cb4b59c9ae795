import ChangeRecords
import DynamoModel
import Foundation
#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif
import HTTPServer
import ProjectionTestKit
import ReadModels
import Services
import Synchronization
import Telemetry
import Testing

@testable import QueryAPI

/// Parameters of requests, and what an operator may do over HTTP.
@Suite struct RouterTests {
  /// Writes down what it is asked for.
  private final class Operator: PipelineOperator {
    let asked = Mutex<[String]>([])

    private func note(_ text: String) { asked.withLock { $0.append(text) } }

    func rebuild(_ pipeline: String) async throws { note("rebuild \(pipeline)") }

    func effects(_ pipeline: String, _ states: Set<EffectState>, after: EffectID, limit: Int) async throws -> [ListedEffect] {
      note("effects \(states.map(\.rawValue).sorted().joined(separator: ",")) after \(after) limit \(limit)")
      return []
    }

    func effectNames(_ pipeline: String) async throws -> [(name: String, isPaused: Bool)] { [("gone", false), ("left", true)] }

    func setPaused(_ pipeline: String, effect: String, _ isPaused: Bool) async throws {
      if effect == "unknown" { throw OperatorRefusal("there is no effect `unknown`") }
      note("\(isPaused ? "pause" : "resume") \(effect)")
    }

    func change(_ pipeline: String, _ effects: EffectSelection, _ change: EffectChange) async throws -> Int {
      note("\(change) \(effects)")
      return 3
    }
  }

  private func router(_ operations: Operator) throws -> QueryRouter {
    QueryRouter(
      views: [try Scene().view], operations: operations, changed: Signal(),
      status: .init(schema: .object([]), json: { Array($0.utf8) }), metrics: { "" }, files: [])
  }

  private func failure(_ body: () async throws -> Void) async -> QueryError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? QueryError
    }
  }

  @Test func `an operator's wishes are passed on`() async throws {
    let operations = Operator()
    let router = try router(operations)
    func post(_ path: String, _ query: (name: String, value: String)...) async throws -> String {
      await router.answer(.init("POST", path, query)).text
    }
    #expect(try await post("/v1/pipelines/scene/rebuild") == #"{"rebuild":"scene"}"#)
    #expect(try await post("/v1/pipelines/scene/effects/gone/pause") == #"{"pause":"gone"}"#)
    #expect(try await post("/v1/pipelines/scene/effects/gone/resume") == #"{"resume":"gone"}"#)
    #expect(try await post("/v1/pipelines/scene/effects/retry", ("id", "7")) == #"{"retry":3}"#)
    #expect(try await post("/v1/pipelines/scene/effects/retry", ("effect", "gone")) == #"{"retry":3}"#)
    #expect(try await post("/v1/pipelines/scene/effects/discard", ("effect", "gone"), ("state", "pending")) == #"{"discard":3}"#)
    let asked = operations.asked.withLock { $0 }
    #expect(
      asked == [
        "rebuild scene", "pause gone", "resume gone", "retry one(7)",
        "retry all(effect: \"gone\", ReadModels.EffectState.failed)",
        "discard all(effect: \"gone\", ReadModels.EffectState.pending)",
      ], "\(asked)")
  }

  @Test func `a wish that cannot be is refused, and nothing is done`() async throws {
    let operations = Operator()
    let router = try router(operations)
    let cases: [(path: String, query: [(name: String, value: String)], status: Int)] = [
      ("/v1/pipelines/scene", [], 405), ("/v1/pipelines/other/rebuild", [], 404), ("/v2/pipelines/scene/rebuild", [], 405),
      ("/v1/pipelines/scene/rebuild/now", [], 405), ("/v1/pipelines/scene/rebuild", [("force", "1")], 400),
      ("/v1/pipelines/scene/effects/unknown/pause", [], 409), ("/v1/pipelines/scene/effects/gone/stop", [], 405),
      ("/v1/pipelines/scene/effects/retry", [], 400), ("/v1/pipelines/scene/effects/retry", [("id", "0")], 400),
      ("/v1/pipelines/scene/effects/retry", [("id", "x")], 400),
      ("/v1/pipelines/scene/effects/discard", [("effect", "e"), ("state", "done")], 400),
      ("/v1/pipelines/scene/effects/discard", [("id", "1"), ("more", "2")], 400),
    ]
    for (path, query, status) in cases {
      let answer = await router.answer(.init("POST", path, query))
      #expect(answer.status == status, "\(path) \(query): \(answer.text)")
    }
    #expect(operations.asked.withLock { $0 }.isEmpty)
  }

  @Test func `a path that does not take the method says which it takes`() async throws {
    let router = try router(Operator())
    func allowed(_ method: String, _ path: String) async -> (status: Int, methods: String?) {
      let answer = await router.answer(.init(method, path, []))
      return (answer.status, answer.headers.first { $0.name == "Allow" }?.value)
    }
    #expect(await allowed("GET", "/v1/pipelines/scene/rebuild") == (405, "POST"))
    #expect(await allowed("POST", "/v1/pipelines/scene/dashboard") == (405, "GET, HEAD"))
    #expect(await allowed("DELETE", "/v1/pipelines/scene/effects") == (405, "GET, HEAD"))
    #expect(await allowed("HEAD", "/v1/pipelines/scene/effects") == (200, nil))
    #expect(await allowed("GET", "/v1/pipelines/scene/nothing") == (404, nil))
  }

  @Test func `the list of effects has its page`() async throws {
    let operations = Operator()
    let router = try router(operations)
    var arguments = Arguments([("state", "failed"), ("after", "12"), ("limit", "5")])
    let answer = try await router.effects("scene", &arguments)
    #expect(try member("paused", of: answer) == #"["left"]"# && member("rows", of: answer) == "[]")
    var none = Arguments([])
    _ = try await router.effects("scene", &none)
    #expect(operations.asked.withLock { $0 } == ["effects failed after 12 limit 5", "effects failed,pending after 0 limit 100"])
    for query in [[("limit", "0")], [("limit", "1001")], [("after", "-1")], [("state", "x")], [("what", "1")]] {
      let error = await failure {
        var arguments = Arguments(query.map { (name: $0.0, value: $0.1) })
        _ = try await router.effects("scene", &arguments)
      }
      #expect(error?.status == 400, "\(query)")
    }
  }

  @Test func `parameters are taken one by one, and the last of a name counts`() throws {
    var arguments = Arguments([("a", "1"), ("b", "x"), ("a", "2"), ("c", "")])
    #expect(arguments.take("a") == "2" && arguments.take("a") == nil)
    #expect(arguments.all("b") == ["x"] && arguments.all("b").isEmpty)
    #expect(throws: QueryError.self) { try arguments.finish() }
    #expect(arguments.take("c") == "")
    try arguments.finish()
  }

  @Test func `numbers have their ranges, at the limit and one past it`() throws {
    func integer(_ text: String) throws -> Int? {
      var arguments = Arguments([("n", text)])
      return try arguments.integer(IntegerParameter("n", in: 1...1_000, ""))
    }
    #expect(try integer("1") == 1 && integer("1000") == 1_000)
    var empty = Arguments([])
    #expect(try empty.integer(IntegerParameter("n", in: 1...2, "")) == nil)
    #expect(try empty.integer(DefaultedParameter("n", in: 1...2, default: 2, "")) == 2)
    for text in ["0", "1001", "", " 1", "1.0", "x", "99999999999999999999"] {
      #expect(throws: QueryError.self, "\(text)") { try integer(text) }
    }
  }

  @Test func `positions are joined by commas or given once each`() throws {
    let (a, b) = ("00000000000000a0:0:5", "00000000000000a0:1:6")
    var arguments = Arguments([("at_least", "\(a),\(b)"), ("at_least", a)])
    #expect(try arguments.positions().map(\.description) == [a, b, a])
    var none = Arguments([])
    #expect(try none.positions().isEmpty)
    for text in ["x", "a0:0:5", "00000000000000a0:0", "00000000000000a0:-1:5", "00000000000000a0:0:9223372036854775808"] {
      var wrong = Arguments([("at_least", text)])
      #expect(throws: QueryError.self, "\(text)") { try wrong.positions() }
    }
  }

  @Test func `a POST takes its parameters from its path, and as a form from its body`() async throws {
    let scene = try Scene()
    for (place, name) in ["a", "b", "c"].enumerated() { try scene.play(name, points: Int64(5 + place)) }
    let router = QueryRouter(
      views: [scene.view], operations: Operator(), changed: Signal(),
      status: .init(schema: .object([]), json: { Array($0.utf8) }), metrics: { "" }, files: [])
    let server = try HTTPServer.serving { request, responder in router.handle(request, responder) }
    defer { server.stop() }
    func post(_ query: String, _ body: String, type: String = "application/x-www-form-urlencoded") async throws -> String {
      let path = "/v1/pipelines/scene/leaderboards/best/ranks\(query)"
      var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(server.port)\(path)")))
      request.httpMethod = "POST"
      request.httpBody = Data(body.utf8)
      request.setValue(type, forHTTPHeaderField: "Content-Type")
      let (data, _) = try await URLSession.shared.data(for: request)
      let answer = try JSONSerialization.jsonObject(with: data) as? [String: Any]
      let ranks = answer?["ranks"] as? [Any]
      return try ranks?.map { (($0 as? [String: Any])?["rank"] as? Int).map(String.init) ?? "-" }.joined(separator: ",")
        ?? #require(answer?["error"] as? String)
    }
    let expected = "1,3,-,2"
    #expect(try await post("?board=r&member=c&member=a&member=x&member=b", "") == expected)
    #expect(try await post("", "board=r&member=c&member=a&member=x&member=b") == expected)
    #expect(try await post("?board=r&member=c", "member=a&member=x&member=b") == expected)
    // Another body is not looked at.
    #expect(try await post("?board=r&member=c", "member=a", type: "text/plain") == "1")
    #expect(try await post("?board=r", "members=a") == "BadRequest")
    #expect(try await post("?board=r", "") == "")
  }

  @Test func `so many ranks are asked for at once and no more`() throws {
    func ranks(_ count: Int) throws -> BoardRequest {
      var arguments = Arguments([("board", "r")] + (0..<count).map { ("member", "m\($0)") })
      return try arguments.board("best") { .ranks(members: try $0.members()) }
    }
    #expect(try ranks(Ranks.membersMax).question.membersMax == 1_000 && ranks(0).question.membersMax == 0)
    #expect(try ranks(1).board == ["r"])
    #expect(throws: QueryError.bad("`member` is given 1001 times: at most 1000 are answered at once")) {
      try ranks(Ranks.membersMax + 1)
    }
  }

  @Test func `a question about a board has its parameters`() throws {
    func question(_ word: String, _ query: (name: String, value: String)...) throws -> String {
      var arguments = Arguments(query)
      let question = try arguments.question(word)
      try arguments.finish()
      return "\(question)"
    }
    #expect(try question("top") == "top(offset: 0, limit: 10)")
    #expect(try question("top", ("offset", "5"), ("limit", "1000")) == "top(offset: 5, limit: 1000)")
    #expect(try question("rank", ("member", "a")) == #"rank(member: "a")"#)
    #expect(try question("around", ("member", "a"), ("radius", "0")) == #"around(member: "a", radius: 0)"#)
    #expect(try question("count") == "count")
    #expect(throws: QueryError.self) { try question("rank") }
    #expect(throws: QueryError.self) { try question("rank", ("member", "a"), ("radius", "1")) }
    #expect(throws: QueryError.self) { try question("around", ("member", "a"), ("radius", "501")) }
    #expect(throws: QueryError.self) { try question("top", ("limit", "\(PipelineView.boardPageMax + 1)")) }
    #expect(throws: QueryError.self) { try question("best") }
  }
}

extension HTTPResponse {
  /// The body as text.
  var text: String { if case .bytes(let bytes) = body { String(decoding: bytes, as: UTF8.self) } else { "" } }
}

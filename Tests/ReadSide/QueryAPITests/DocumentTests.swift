import DynamoModel
import Foundation
import HTTPServer
import MemoryReadModels
import Pipelines
import ProjectionTestKit
import ReadModels
import Services
import Testing

@testable import QueryAPI

/// The OpenAPI document says of the server what is so: no more and no less.
@Suite struct DocumentTests {
  private struct NoOperator: PipelineOperator {
    func rebuild(_ pipeline: String) async throws {}
    func effects(_ pipeline: String, _ states: Set<EffectState>, after: EffectID, limit: Int) async throws -> [ListedEffect] {
      []
    }
    func effectNames(_ pipeline: String) async throws -> [(name: String, isPaused: Bool)] { [] }
    func setPaused(_ pipeline: String, effect: String, _ isPaused: Bool) async throws {}
    func change(_ pipeline: String, _ effects: EffectSelection, _ change: EffectChange) async throws -> Int { 0 }
  }

  /// A server of the scene, and its document.
  private struct Served {
    let router: QueryRouter
    let document: [String: Any]

    init() async throws {
      let scene = try Scene()
      try scene.play("a", points: 5)
      router = QueryRouter(
        views: [scene.view], operations: NoOperator(), changed: scene.changed,
        status: .init(schema: .object([]), json: { _ in Array("{}".utf8) }), metrics: { "" },
        files: [("/", HTTPResponse(headers: [("Content-Type", "text/html")])), ("/page.js", HTTPResponse())])
      let answer = await router.answer(.init("GET", "/v1/openapi.json", []))
      #expect(answer.status == 200)
      document = try #require(try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
    }

    /// Path, method and object of each operation.
    var operations: [(path: String, method: String, operation: [String: Any])] {
      let paths = document["paths"] as? [String: [String: [String: Any]]] ?? [:]
      return paths.flatMap { path, methods in methods.map { (path, $0.key.uppercased(), $0.value) } }
    }
  }

  @Test func `every route is in the document, and every path of the document is a route's`() async throws {
    let served = try await Served()
    var found = Set<Int>()
    for (path, method, _) in served.operations {
      let parts = path.split(separator: "/").map(String.init)
      let places = served.router.routes.indices.filter {
        served.router.routes[$0].method.rawValue == method && served.router.routes[$0].names(in: parts) != nil
      }
      #expect(places.count == 1, "\(method) \(path) is the path of \(places.count) routes")
      found.formUnion(places)
    }
    for (place, route) in served.router.routes.enumerated() where !found.contains(place) {
      // The scene's pipeline has no effects that could be named.
      #expect(route.path.contains("{effect}"), "\(route.method.rawValue) \(route.path) is not in the document")
    }
  }

  @Test func `every path of the document is answered, and takes the parameters that it names and no others`() async throws {
    let served = try await Served()
    for (path, method, operation) in served.operations where path != "/v1/events" {
      let parameters = operation["parameters"] as? [[String: Any]] ?? []
      func given(_ more: [(name: String, value: String)] = []) -> [(name: String, value: String)] {
        // Effects are named by one of two parameters, neither of which is required by itself.
        let names = parameters.filter { $0["required"] as? Bool == true || method == "POST" && $0["name"] as? String == "effect" }
        return names.map { ($0["name"] as? String ?? "", "a") } + more
      }
      let answer = await served.router.answer(.init(method, path, given()))
      let isKnown = answer.status == 200 || answer.text.contains("knows no SQL")
      #expect(isKnown, "\(method) \(path): \(answer.status) \(answer.text)")
      guard path.hasPrefix("/v1/") else { continue }
      let unknown = await served.router.answer(.init(method, path, given([("no_such", "1")])))
      #expect(unknown.status == 400 && unknown.text.contains("no_such"), "\(path): \(unknown.status) \(unknown.text)")
      for parameter in parameters {
        let name = try #require(parameter["name"] as? String)
        guard let schema = parameter["schema"] as? [String: Any], schema["type"] as? String == "integer" else { continue }
        for limit in [(schema["minimum"] as? Int).map { $0 - 1 }, (schema["maximum"] as? Int).map { $0 + 1 }].compactMap({ $0 }) {
          let refused = await served.router.answer(.init(method, path, given([(name, "\(limit)")])))
          #expect(refused.status == 400 && refused.text.contains("`\(name)`"), "\(path)?\(name)=\(limit): \(refused.text)")
        }
      }
    }
  }

  @Test func `operations have names of their own`() async throws {
    let names = try await Served().operations.compactMap { $0.operation["operationId"] as? String }
    #expect(Set(names).count == names.count && names.contains("scene.query.everybody"))
  }

  @Test func `a query is described with its parameters and columns`() async throws {
    let served = try await Served()
    let query = try #require(served.operations.first { $0.path == "/v1/pipelines/scene/queries/everybody" }?.operation)
    let parameters = try #require(query["parameters"] as? [[String: Any]])
    let least = try #require(parameters.first { $0["name"] as? String == "least" })
    let schema = try #require(least["schema"] as? [String: Any])
    #expect(least["required"] as? Bool == false && schema["type"] as? String == "integer")
    #expect(schema["minimum"] as? Int == 0 && schema["maximum"] as? Int == 9 && schema["default"] as? Int == 1)
    let data = try JSONSerialization.data(
      withJSONObject: query["responses"] as Any, options: [.sortedKeys, .withoutEscapingSlashes])
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.contains(#""columns":{"const":["name"]"#), "\(text)")
    #expect(text.contains(#""prefixItems":[{"title":"name","type":["string","null"]}]"#), "\(text)")
    #expect(text.contains(#""Tab":{"items":{"pattern":"#))
    for code in ["BadRequest.TooManyRows", "NotReady.NotYet.QueryTimeout.Busy.Unavailable", "ForbiddenHost", "NotFound"] {
      #expect(text.contains("#/components/responses/\(code)\""), "\(code)")
    }
  }

  @Test func `the document names the queries that are answered: an edited file's, or those of the generation that still serves`()
    async throws
  {
    let scene = try Scene()
    try scene.play("a", points: 5)
    let models = scene.models
    let built = scene.pipeline
    func paths(_ file: Pipeline, fingerprint: String?) async throws -> String {
      let generation = fingerprint.map { Generation(number: 1, fingerprint: $0, state: .current, store: "one") }
      let view = PipelineView(
        name: "scene", changed: scene.changed, current: { generation }, known: { generation }, definition: { (file, 1) },
        load: { _ in built },
        opening: { try models.reader($0, $1) })
      let router = QueryRouter(
        views: [view], operations: NoOperator(), changed: scene.changed,
        status: .init(schema: .object([]), json: { _ in [] }), metrics: { "" }, files: [])
      return await router.answer(.init("GET", "/v1/openapi.json", [])).text
    }
    let (old, new) = ("scene/queries/everybody\"", "scene/queries/everyone\"")
    let renamed = try pipeline(Scene.yaml.replacing("everybody:", with: "everyone:"))
    #expect(renamed.fingerprint == built.fingerprint)
    let edited = try await paths(renamed, fingerprint: built.fingerprint)
    #expect(edited.contains(new) && !edited.contains(old))
    // Its projections have changed as well: the generation that serves has the old queries.
    let other = try pipeline(Scene.yaml.replacing("everybody:", with: "everyone:").replacing("gap: 1m", with: "gap: 2m"))
    let kept = try await paths(other, fingerprint: built.fingerprint)
    #expect(kept.contains(old) && !kept.contains(new))
    // There is none yet: what it will answer is what the file says.
    let none = try await paths(other, fingerprint: nil)
    #expect(none.contains(new) && !none.contains(old))
  }

  @Test func `each code of an error has one status, and is named once`() {
    let codes = QueryError.Code.allCases
    #expect(Set(codes.map(\.rawValue)).count == codes.count && Set(codes.map(\.about)).count == codes.count)
    #expect(codes.allSatisfy { (400...503).contains($0.status) })
  }

  @Test func `a value that may be null keeps what else it may be`() {
    #expect(JSONSchema.instant.orNull.node == ["type": ["string", "null"], "format": "date-time"])
    #expect(JSONSchema.one(of: ["a"]).orNull.node == ["anyOf": [["type": "string", "enum": ["a"]], ["type": "null"]]])
    #expect(JSONSchema.tuple([]).node == ["type": "array", "maxItems": 0])
  }
}

import DynamoClient
import DynamoModel
import Foundation
import HTTPClient
import KafkaTestKit
import PythonTestKit
import Testing

/// Grafana's dashboards: their form, and what their queries find.
@Suite(.serialized, .timeLimit(.minutes(3))) struct DashboardTests {
  struct Panel {
    let dashboard: String
    let title: String
    /// x, y, width, height.
    let place: [Int]
    let expressions: [String]
  }

  static let pipelines = [
    "chat-memory", "chat-rooms", "chatbot-sessions", "direct-messages", "errbot", "game-scores", "mini-jira", "session-store",
    "session-store-single",
  ]
  private static let skipped = Comment(
    rawValue: "skipped: the dashboards' queries need Prometheus and Kafka; \(PrometheusProcess.skipped); \(KafkaBroker.skipped)")

  private func panels() throws -> [Panel] {
    try DeployFiles.names("grafana/dashboards", ending: ".json").flatMap { file in
      let json = try JSONSerialization.jsonObject(with: Data(try DeployFiles.text("grafana/dashboards/\(file)").utf8))
      let panels = try #require((json as? [String: Any])?["panels"] as? [[String: Any]])
      return panels.map { panel in
        let place = panel["gridPos"] as? [String: Int] ?? [:]
        return Panel(
          dashboard: file, title: panel["title"] as? String ?? "", place: ["x", "y", "w", "h"].map { place[$0] ?? -1 },
          expressions: (panel["targets"] as? [[String: Any]] ?? []).compactMap { $0["expr"] as? String })
      }
    }
  }

  @Test(.enabled(if: Python.areChecksAvailable, Comment(rawValue: Python.skipped)))
  func `each dashboard keeps to the schema, and there is one of the fleet and one of each pipeline`() async throws {
    let files = try DeployFiles.names("grafana/dashboards", ending: ".json")
    #expect(Set(files) == Set((["fleet"] + Self.pipelines).map { "\($0).json" }))
    let schema = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "dashboard.schema.json").path
    let outcome = try await Program.run(
      Python.checks + "/check-jsonschema",
      ["--schemafile", schema] + files.map { "\(DeployFiles.folder)/grafana/dashboards/\($0)" })
    #expect(outcome.status == 0, "\(outcome)")
    for file in files {
      let text = try DeployFiles.text("grafana/dashboards/\(file)")
      #expect(text.contains("\"uid\": \"afterimage-\(file.dropLast(".json".count))\""), "\(file)")
      let ids = text.matches(of: /"id": (\d+)/).map { String($0.1) }
      #expect(Set(ids).count == ids.count, "\(file)")
    }
  }

  @Test(.enabled(if: Python.areChecksAvailable, Comment(rawValue: Python.skipped)))
  func `Grafana is given the dashboards where compose puts them, and the Prometheus that is there`() async throws {
    let schema = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "provisioning.schema.json").path
    var texts: [String] = []
    for kind in ["dashboards", "datasources"] {
      let folder = "grafana/provisioning/\(kind)"
      let files = try DeployFiles.names(folder, ending: ".yaml")
      let all = try FileManager.default.contentsOfDirectory(atPath: "\(DeployFiles.folder)/\(folder)")
      #expect(files.count == 1 && all.sorted() == files)
      for file in files {
        let outcome = try await Program.run(
          Python.checks + "/check-jsonschema", ["--schemafile", schema, "\(DeployFiles.folder)/\(folder)/\(file)"])
        #expect(outcome.status == 0, "\(outcome)")
        texts.append(try DeployFiles.text("\(folder)/\(file)"))
      }
    }
    let compose = try DeployFiles.text("compose.yaml")
    let path = try #require(texts[0].firstMatch(of: /path: (\S+)/)).1
    #expect(compose.contains("./grafana/dashboards:\(path):ro"), "\(path)")
    let host = try #require(texts[1].firstMatch(of: /url: http:\/\/([a-z]+):9090/)).1
    #expect(compose.contains("\n  \(host):\n"), "\(host)")
  }

  @Test func `panels lie beside one another, and none over another`() throws {
    var taken: [String: Set<[Int]>] = [:]
    for panel in try panels() {
      let (x, y, width, height) = (panel.place[0], panel.place[1], panel.place[2], panel.place[3])
      #expect(x + width <= 24, "\(panel)")
      for column in x..<(x + width) {
        for row in y..<(y + height) {
          #expect(taken[panel.dashboard, default: []].insert([column, row]).inserted, "\(panel)")
        }
      }
    }
  }

  /// An expression with Grafana's variables as it would put them.
  static func resolved(_ expression: String) -> String {
    expression.replacing("$__rate_interval", with: "10s").replacing("$pipeline", with: ".*")
  }

  @Test(.enabled(if: PrometheusProcess.isAvailable && KafkaCluster.isAvailable, skipped))
  func `every query of every panel finds something in a run of the shipped pipelines`() async throws {
    let folder = try TestFolder()
    let kafka = try KafkaCluster()
    let node = try await DevProcess.start(
      data: folder.file("data"), pipelines: Self.pipelines.map(Program.pipeline),
      ["--demo", "--kafka", kafka.bootstrap, "--health-port", "0"])
    let health = try #require(await node.child.line("health ")?.split(separator: " ").last).dropLast("/ready".count)
    let prometheus = try await PrometheusProcess.start(folder, targets: [String(health)])
    try await endSessions(node)
    var left = Dictionary(
      grouping: try panels().flatMap { panel in panel.expressions.map { (panel, $0) } }, by: { $0.1 }
    ).mapValues { "\($0[0].0.dashboard), \($0[0].0.title)" }
    #expect(left.count > 50)
    for expression in left.keys { #expect(!Self.resolved(expression).contains("$"), "\(expression) has a variable of no value") }
    let client = HTTPClient()
    let end = ContinuousClock.now + .seconds(60)
    while !left.isEmpty {
      _ = try await client.send(.init(url: "\(node.page)/v1/pipelines/chat-rooms/queries/room_list"))
      for expression in left.keys
      where try await prometheus.samples(Self.resolved(expression)).contains(where: { !$0.value.isNaN }) {
        left[expression] = nil
      }
      try #require(ContinuousClock.now < end || left.isEmpty, "nothing is found by \(left)")
      if !left.isEmpty { try await Task.sleep(for: .milliseconds(300)) }
    }
    #expect(await node.stop() == 0)
  }

  /// Ends a session of each kind: what ended them is a label, which is there once something has.
  private func endSessions(_ node: DevProcess) async throws {
    let client = DynamoClient(endpoint: node.tables)
    func put(_ table: String, _ session: String, _ time: String) async throws {
      _ = try await client.call("PutItem") { writer in
        writer.member("TableName", table)
        writer.name("Item")
        writer.item([
          "PK": .string("suuid#\(session)"), "SK": .string("c#0"), "session_state": .string("active"),
          "last_login_time": .string(time),
        ])
      }
    }
    let now = Date()
    func time(_ seconds: Double) -> String { String(now.addingTimeInterval(seconds).formatted(.iso8601).dropLast()) }
    try await put("session_store", "a", time(-2))
    _ = try await client.call("DeleteItem") { writer in
      writer.member("TableName", "session_store")
      writer.name("Key")
      writer.item(["PK": .string("suuid#a"), "SK": .string("c#0")])
    }
    // The later login of a customer ends the earlier one.
    try await put("session_store_single", "a", time(-2))
    try await put("session_store_single", "b", time(-1))
  }
}

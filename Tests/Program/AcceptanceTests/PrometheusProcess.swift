import Foundation
import HTTPClient
import Testing

/// Debian's Prometheus with a configuration of a test's own, killed with the value.
struct PrometheusProcess {
  let child: ChildProcess
  let address: String
  private let client = HTTPClient()

  static let isAvailable = ["/usr/bin/prometheus", "/usr/bin/promtool"].allSatisfy {
    FileManager.default.isExecutableFile(atPath: $0)
  }
  static let skipped = "skipped: Debian's package prometheus is not installed; `make test` installs it"

  /// Scrapes these health ports once a second under the job `afterimage`, and evaluates the rules of a file as often.
  static func start(_ folder: TestFolder, targets: [String], rules: String? = nil) async throws -> PrometheusProcess {
    let addresses = targets.map { "'\($0.replacing("http://", with: ""))'" }.joined(separator: ", ")
    let file = try folder.write(
      "prometheus.yml",
      """
      global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
      rule_files: [\(rules ?? "")]
      scrape_configs:
        - job_name: afterimage
          static_configs: [{ targets: [\(addresses)] }]

      """)
    let child = try ChildProcess(
      "/usr/bin/prometheus",
      ["--config.file", file, "--storage.tsdb.path", folder.file("prometheus"), "--web.listen-address", "127.0.0.1:0"])
    let line = try #require(await child.errorLine(containing: "msg=\"Listening on\""), "\(child.errors)")
    let address = try #require(line.split(separator: "address=").last?.split(separator: " ").first)
    return PrometheusProcess(child: child, address: "http://\(address)")
  }

  struct Sample {
    let labels: [String: String]
    let value: Double
  }

  /// What an expression gives now; throws what Prometheus says of one that is wrong.
  func samples(_ expression: String) async throws -> [Sample] {
    let escaped = expression.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    let data = try await get("/api/v1/query?query=\(escaped)")
    let result = try #require(data["result"] as? [[String: Any]])
    return result.map { series in
      let text = (series["value"] as? [Any])?.last as? String
      return Sample(labels: series["metric"] as? [String: String] ?? [:], value: text.flatMap(Double.init) ?? .nan)
    }
  }

  /// The names of the alerts that fire, with their labels.
  func firing() async throws -> [[String: String]] {
    let alerts = try #require(try await get("/api/v1/alerts")["alerts"] as? [[String: Any]])
    return alerts.filter { $0["state"] as? String == "firing" }.compactMap { $0["labels"] as? [String: String] }
  }

  /// Whether an alert fires, with these labels among its own.
  func fires(_ alert: String, with labels: [String: String] = [:]) async throws -> Bool {
    try await firing().contains { found in
      found["alertname"] == alert && labels.allSatisfy { found[$0.key] == $0.value }
    }
  }

  private func get(_ path: String) async throws -> [String: Any] {
    // Until it has read its data it refuses.
    var answer = try await client.send(.init(url: address + path))
    while answer.status == 503 {
      try await Task.sleep(for: .milliseconds(50))
      answer = try await client.send(.init(url: address + path))
    }
    let json = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    return try #require(json["data"] as? [String: Any], "\(path): \(String(decoding: answer.body, as: UTF8.self))")
  }
}

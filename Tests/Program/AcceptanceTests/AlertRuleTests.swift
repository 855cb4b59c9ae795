import Foundation
import Testing

/// Alert rules and their runbooks.
@Suite struct AlertRuleTests {
  private func promtool(_ arguments: String...) async throws -> Program.Outcome {
    try await Program.run("/usr/bin/env", ["promtool"] + arguments, in: "\(DeployFiles.folder)/prometheus")
  }

  @Test func `promtool takes the rules, their tests and the configuration`() async throws {
    for arguments in [
      ["check", "rules", "--lint-fatal", "alerts.yml"], ["test", "rules", "alerts_test.yml"],
      ["check", "config", "prometheus.yml"],
    ] {
      let outcome = try await Program.run("/usr/bin/env", ["promtool"] + arguments, in: "\(DeployFiles.folder)/prometheus")
      #expect(outcome.status == 0, "\(arguments): \(outcome)")
    }
  }

  @Test func `each alert has a test, a severity and a runbook, and each runbook an alert`() throws {
    let rules = try DeployFiles.text("prometheus/alerts.yml")
    let alerts = rules.matches(of: /- alert: (\w+)/).map { String($0.1) }
    #expect(alerts.count > 10 && Set(alerts).count == alerts.count)
    let runbooks = try DeployFiles.text("runbooks.md")
    let sections = runbooks.matches(of: /(?m)^## (\w+)$/).map { String($0.1) }
    #expect(Set(sections) == Set(alerts))
    #expect(rules.matches(of: /runbook: (\S+)/).map { String($0.1) } == alerts.map { "runbooks.md#\($0.lowercased())" })
    #expect(rules.matches(of: /severity: (?:page|ticket)\b/).count == alerts.count)
    let tests = try DeployFiles.text("prometheus/alerts_test.yml")
    for alert in alerts {
      // Once when it is not to fire yet, and once when it is.
      #expect(tests.matches(of: try Regex("alertname: \(alert)\\b")).count >= 2, "\(alert)")
    }
    for part in ["**Means**", "**Look**", "**Do**"] {
      #expect(runbooks.split(separator: part, omittingEmptySubsequences: false).count - 1 == alerts.count, "\(part)")
    }
  }

  @Test func `rules and runbooks ask only for metrics that the program has, and the page of the paths names each of those`()
    throws
  {
    let known = try DeployFiles.metricNames()
    #expect(known.count > 25, "metrics are not read as they are written")
    for file in ["prometheus/alerts.yml", "prometheus/alerts_test.yml", "runbooks.md", "kubernetes/scaling.yaml"] {
      let used = DeployFiles.metrics(in: try DeployFiles.text(file), of: known)
      #expect(used.isSubset(of: known), "\(file): \(used.subtracting(known).sorted())")
    }
    let page = try String(contentsOf: Program.repository.appending(path: "pipelines/HTTP.md"), encoding: .utf8)
    for name in known { #expect(page.contains("`\(name)`"), "pipelines/HTTP.md does not name \(name)") }
  }
}

import Foundation
import PythonTestKit
import Testing

/// What Kubernetes and Compose are given.
@Suite(.timeLimit(.minutes(2)), .enabled(if: Python.areChecksAvailable, Comment(rawValue: Python.skipped)))
struct ManifestTests {
  private static let kubernetes = "\(DeployFiles.folder)/kubernetes"

  private func manifests() throws -> [String] {
    try DeployFiles.names("kubernetes", ending: ".yaml").map { "\(Self.kubernetes)/\($0)" }
  }

  /// A text that the program's command line stands in, item by item: `- --name` and `- value`, or `- --name=value`.
  private func commands(_ file: String) throws -> [[String]] {
    var commands: [[String]] = []
    var isOpen = false
    for line in try DeployFiles.text(file).split(separator: "\n") {
      let text = line.trimmingCharacters(in: .whitespaces)
      if text == "- serve" {
        commands.append(["serve"])
        isOpen = true
      } else if isOpen, text.hasPrefix("- ") {
        commands[commands.count - 1].append(
          String(text.dropFirst(2)).replacing("\"", with: "").replacing("$(KAFKA_BROKERS)", with: "kafka:9092"))
      } else {
        isOpen = false
      }
    }
    return commands
  }

  @Test func `every manifest is one of the current Kubernetes, field by field`() async throws {
    let outcome = try await Program.run(Python.checks + "/kubernetes-validate", ["--strict"] + (try manifests()))
    #expect(outcome.status == 0, "\(outcome)")
    // It knows no kinds of others.
    let unknown = (outcome.output + outcome.errors).split(separator: "\n").filter { $0.contains("WARN") }
    #expect(unknown.count == 1 && unknown.allSatisfy { $0.contains("kind ScaledObject") }, "\(outcome)")
  }

  @Test func `workers are scaled by KEDA, from a metric that there is`() async throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "keda.py").path
    let outcome = try await Program.run(Python.checks + "/python", [script, "\(Self.kubernetes)/scaling.yaml"])
    #expect(outcome.status == 0, "\(outcome)")
    #expect(
      outcome.output == "afterimage-worker sum(max without (instance, pod) (afterimage_lag_records))\n", "\(outcome)")
    #expect(try DeployFiles.text("kubernetes/worker.yaml").contains("kind: Deployment\nmetadata:\n  name: afterimage-worker\n"))
  }

  @Test func `the compose file keeps to the compose specification`() async throws {
    let outcome = try await Program.run(
      Python.checks + "/check-jsonschema",
      ["--builtin-schema", "vendor.compose-spec", "\(DeployFiles.folder)/compose.yaml"])
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test(arguments: ["kubernetes/table.yaml", "kubernetes/worker.yaml", "kubernetes/query.yaml", "compose.yaml"])
  func `every process is asked for in words that the program takes`(file: String) async throws {
    let commands = try commands(file)
    #expect(commands.count == (file == "compose.yaml" ? 3 : 1))
    for command in commands {
      // Nothing is where the command says: the start is refused for that, and not for how it is asked.
      let outcome = try await Program.run(
        Program.path, command + ["--data", "/proc/none", "--pipeline", "/proc/none", "--health-port", "0"])
      #expect(outcome.status == 1, "\(command): \(outcome)")
    }
  }
}

import Foundation
import PythonTestKit
import Testing

/// The applications beside the pipelines are examples of how to build on Afterimage.
@Suite struct ApplicationTests {
  @Test(.enabled(if: Python.isAvailable, Comment(rawValue: Python.skipped)))
  func `an application is short, needs boto3 alone, and reads no table`() async throws {
    let rules = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "application_rules.py").path
    let outcome = try await Program.run(Python.path, [rules, Program.repository.appending(path: "pipelines").path])
    #expect(outcome.status == 0 && outcome.output == "3 applications\n", "\(outcome)")
  }
}

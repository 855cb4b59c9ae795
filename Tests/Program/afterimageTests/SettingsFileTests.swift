import Arguments
import Foundation
import Testing
import YAML

@testable import afterimage

/// What a file of settings says, and what is refused in it.
@Suite struct SettingsFileTests {
  private func read(_ text: String) throws -> [String: SettledValue] {
    try SettingsFile.read(try YAML.parse(Array(text.utf8)), ServeCommand.command, file: "s.yaml")
  }

  private func mistake(_ text: String) -> String {
    do {
      return "\(try read(text))"
    } catch {
      let error = error as? YAMLError
      return error.map { "\($0.mark.line):\($0.mark.column): \($0.message)" } ?? "\(error as Any)"
    }
  }

  @Test func `settings are options by their names, each with its place`() throws {
    let values = try read(
      """
      # Of a worker.
      roles: worker
      page-port: 8001
      pipeline: [pipelines/a, "pipelines/b"]
      kafka-set: acks=all
      auto-rebuild: true

      """)
    #expect(
      values == [
        "roles": SettledValue(["worker"], place: "s.yaml:2:8"), "page-port": SettledValue(["8001"], place: "s.yaml:3:12"),
        "pipeline": SettledValue(["pipelines/a", "pipelines/b"], place: "s.yaml:4:11"),
        "kafka-set": SettledValue(["acks=all"], place: "s.yaml:5:12"), "auto-rebuild": SettledValue([""], place: "s.yaml:6:15"),
      ])
    #expect(try read("auto-rebuild: false").isEmpty)
  }

  @Test(arguments: [
    ("roles: worker\nrole: x", "2:1: `role` is not a setting of `serve` (did you mean `roles`?)"),
    ("settings: other.yaml", "1:1: `settings` is not a setting of `serve`"),
    ("port: [1, 2]", "1:7: port takes one value"), ("port:", "1:6: port takes one value"),
    ("pipeline: { a: b }", "1:11: pipeline takes values, or a list of them"),
    ("pipeline: [a, [b]]", "1:15: pipeline takes values, or a list of them"),
    ("auto-rebuild: yes", "1:15: auto-rebuild is true or false"),
    ("auto-rebuild: \"true\"", "1:15: auto-rebuild is true or false"),
    ("- roles", "1:1: settings are names with their values"), ("roles: a\nroles: b", "2:1: "),
  ])
  func `what cannot be meant is refused with its place`(_ text: String, _ words: String) {
    #expect(mistake(text).hasPrefix(words), "\(mistake(text))")
  }

  @Test func `every option says whether it may be given several times`() {
    for command in [ServeCommand.command, DevCommand.command] {
      for option in command.options {
        #expect(option.repeats == option.about.lowercased().contains("may be given several times"), "--\(option.name)")
      }
    }
  }
}

import Arguments
import Testing

@testable import afterimage

/// What variables of the environment say of options.
@Suite struct SettingsEnvironmentTests {
  private func values(_ environment: [String: String], given: [String: [String]] = [:]) throws -> [String: SettledValue] {
    try SettingsEnvironment.values(ServeCommand.command, given: given, environment)
  }

  @Test func `a variable is an option's name, and the command line goes before it`() throws {
    let environment = [
      "AFTERIMAGE_PAGE_PORT": "8001", "AFTERIMAGE_ROLES": "worker", "AFTERIMAGE_AUTO_REBUILD": "true", "AFTERIMAGE_DATA": "",
      "AFTERIMAGE_PIPELINE": "a,b", "AFTERIMAGE_KAFKA_SET": "acks=all,ssl.ca.location=/a,/b,linger.ms=5", "AFTERIMAGE_ELSE": "x",
      "AFTERIMAGE_NAMESPACE": "read where it is used",
    ]
    #expect(
      try values(environment, given: ["roles": ["query"]]) == [
        "page-port": SettledValue(["8001"], place: "AFTERIMAGE_PAGE_PORT"),
        "auto-rebuild": SettledValue([""], place: "AFTERIMAGE_AUTO_REBUILD"),
        "pipeline": SettledValue(["a", "b"], place: "AFTERIMAGE_PIPELINE"),
        "kafka-set": SettledValue(["acks=all", "ssl.ca.location=/a,/b", "linger.ms=5"], place: "AFTERIMAGE_KAFKA_SET"),
      ])
    #expect(try values(["AFTERIMAGE_AUTO_REBUILD": "false"]).isEmpty)
  }

  @Test func `an option without a value is true or false`() {
    let error = #expect(throws: UsageError.self) { try values(["AFTERIMAGE_AUTO_REBUILD": "yes"]) }
    #expect(error?.message == "AFTERIMAGE_AUTO_REBUILD is true or false, not `yes`")
  }
}

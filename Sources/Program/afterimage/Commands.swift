internal import Arguments

/// Every command of the program.
enum Commands {
  static let root = Command(
    "afterimage", about: "Tables that speak the DynamoDB protocol become live SQL read models.",
    commands: [DevCommand.command, PipelineCommand.command])

  static let output = Command.Option("output", short: "o", value: "FORMAT", "How to print: text or json.", default: "text")

  /// Whether `-o json` was given.
  static func isJSON(_ arguments: ParsedArguments) throws(UsageError) -> Bool {
    try arguments.choice("output", of: ["text", "json"]) == "json"
  }
}

internal import Arguments
internal import Foundation

/// Every command of the program.
enum Commands {
  static let root = Command(
    "afterimage", about: "Tables that speak the DynamoDB protocol become live SQL read models.",
    notes: """
      Begin with `afterimage dev --demo`. Exit codes: 0 done, 1 it failed, 2 the command line was wrong, 3 a check found something.
      --version shows this program's version.
      """,
    commands: [
      DevCommand.command, ServeCommand.command, PipelineCommand.command, TableCommand.command, QueryCommand.command,
      LeaderboardCommand.command, RelayCommand.command, WorkerCommand.command,
      SessionCommand.command, LogCommand.command, DeadLetterCommand.command, EffectCommand.command,
      DoctorCommand.command,
    ])

  static let endpoint = Command.Option("endpoint", value: "URL", "The table server.", default: "http://127.0.0.1:8000")
  static let authorities = Command.Option(
    "tls-ca", value: "FILE",
    "Trust the certificates that these authorities signed (PEM), in place of the machine's. AFTERIMAGE_TLS_CA says it too.")
  static let output = Command.Option("output", short: "o", value: "FORMAT", "How to print: text or json.", default: "text")

  /// The file of `--tls-ca`, else of the environment; nil for the machine's own authorities.
  static func authorities(_ arguments: ParsedArguments) -> String? {
    arguments.value("tls-ca") ?? usualAuthorities
  }

  /// The file of authorities that the environment names; nil for none.
  static var usualAuthorities: String? {
    ProcessInfo.processInfo.environment["AFTERIMAGE_TLS_CA"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Whether `-o json` was given.
  static func isJSON(_ arguments: ParsedArguments) throws(UsageError) -> Bool {
    try arguments.choice("output", of: ["text", "json"]) == "json"
  }
}

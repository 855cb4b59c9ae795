internal import Arguments

/// `afterimage table ...`: tables of a running server.
enum TableCommand {
  static let command = Command(
    "table", about: "Work with the tables of a running server.",
    commands: [
      TableListCommand.command, TableDescribeCommand.command, TableCreateCommand.command, TableDeleteCommand.command,
      TableGetCommand.command, TablePutCommand.command, TableScanCommand.command, ImportCommand.command,
      TableClockCommand.command, TableVerifyCommand.command, TableRecoverCommand.command,
    ])

  static let table = Command.Positional("TABLE", "The table.")
}

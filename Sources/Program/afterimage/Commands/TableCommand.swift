internal import Arguments

/// `afterimage table ...`: tables of a running server.
enum TableCommand {
  static let command = Command("table", about: "Work with the tables of a running server.", commands: [ImportCommand.command])
}

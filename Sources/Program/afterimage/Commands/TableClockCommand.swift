internal import Arguments
internal import DynamoModel

/// `afterimage table clock TABLE live` and `afterimage table clock --accept-jump`
enum TableClockCommand {
  static let command = Command(
    "clock", about: "End a table's history, or accept that the machine's clock jumped ahead.",
    notes: """
      afterimage table clock Chat live        the history is over: from now on writes take the server's time
      afterimage table clock --accept-jump    the clock was set right: writes go on, and everything due by it expires
      """,
    positionals: [
      .init("TABLE", "The table.", count: .optional),
      .init("CLOCK", "live; a history clock is given when a table is made.", count: .optional),
    ],
    options: [
      .init("accept-jump", "Go on with the machine's time after it jumped ahead."), Commands.endpoint, Commands.authorities,
      Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let server = TableServer(arguments)
    if arguments.has("accept-jump") {
      guard arguments.words.isEmpty else {
        throw UsageError("--accept-jump is for all tables and takes no word", command: arguments.command)
      }
      let tape = try await server.call("Afterimage_20261121.AcceptClockJump")
      if isJSON { return Console.line(tape.text(tape.root)) }
      let seconds = (Double(tape.text(tape.root, "Accepted")) ?? 0) / 1000
      return Console.line(seconds > 0 ? "accepted a jump of \(seconds) s" : "the clock has not jumped")
    }
    guard arguments.words.count == 2 else {
      throw UsageError(
        arguments.words.isEmpty ? "TABLE is missing, or --accept-jump" : "CLOCK is missing: live", command: arguments.command)
    }
    guard arguments.words[1] == "live" else {
      throw UsageError(
        "CLOCK can only become live, not `\(arguments.words[1])`: a history clock is given with `afterimage table create --clock history`",
        command: arguments.command)
    }
    let tape = try await server.call("Afterimage_20261121.SetTableClock", on: arguments.words[0]) { writer in
      writer.member("Clock", "live")
    }
    Console.line(isJSON ? tape.text(tape.root) : "table \(arguments.words[0]) has a live clock now")
  }
}

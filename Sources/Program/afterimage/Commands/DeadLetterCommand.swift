internal import Arguments
internal import ChangeRecords
internal import DynamoModel

/// `afterimage dead-letter ...`: records that a projection could not take.
enum DeadLetterCommand {
  static let command = Command(
    "dead-letter", about: "Records that a projection could not take.",
    notes:
      "To resolve a dead letter, correct the pipeline file and rebuild, or write the item again.",
    commands: [list, show])

  private static let pipeline = Command.Positional("PIPELINE", "The pipeline.")

  private static let list = Command(
    "list", about: "List the dead letters, the newest first.", positionals: [pipeline],
    options: [
      .init("limit", value: "N", "At most this many.", default: "100"), PageServer.option, PageServer.tokenFile,
      Commands.authorities, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let limit = try arguments.integer("limit", in: 1...1000) ?? 100
    let tape = try await PageServer(arguments).get([arguments.words[0], "dead-letters"], [("limit", "\(limit)")])
    if isJSON { return Console.line(tape.text(tape.root)) }
    let letters = DeadLetter.all(tape)
    guard !letters.isEmpty else { return Console.line("no dead letters") }
    Console.line(
      Console.table(
        ["at", "projection", "record", "path", "reason"], letters.map { [$0.at, $0.projection, $0.place, $0.path, $0.reason] }))
  }

  private static let show = Command(
    "show", about: "Show a dead letter with the record's images.",
    notes: "afterimage dead-letter show chat-rooms Chat:0:17   with a record as `dead-letter list` names it",
    positionals: [pipeline, .init("RECORD", "TABLE:PARTITION:SEQUENCE, as listed.")],
    options: [PageServer.option, PageServer.tokenFile, Commands.endpoint, Commands.authorities, Commands.output]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let parts = arguments.words[1].split(separator: ":").map(String.init)
    guard parts.count == 3, let partition = Int(parts[1]), let sequence = SequenceNumber(parts[2]),
      sequence > .beforeAll
    else {
      throw UsageError(
        "RECORD is TABLE:PARTITION:SEQUENCE, as Chat:0:17, not `\(arguments.words[1])`", command: arguments.command)
    }
    let tape = try await PageServer(arguments).get([arguments.words[0], "dead-letters"], [("limit", "1000")])
    let letters = DeadLetter.all(tape).filter { $0.place == arguments.words[1] }
    guard !letters.isEmpty else {
      throw CommandError(
        "\(arguments.words[0]) has no dead letter of \(arguments.words[1]): see `afterimage dead-letter list \(arguments.words[0])`"
      )
    }
    let reader = LogReader(server: TableServer(arguments), table: parts[0])
    let record = try await reader.read(partition, after: sequence.previous, limit: 1).lines.first
    if isJSON {
      var writer = JSONWriter()
      writer.beginObject()
      writer.name("letters")
      writer.array(letters) { writer, letter in
        writer.beginObject()
        writer.member("projection", letter.projection)
        writer.member("at", letter.at)
        writer.member("path", letter.path)
        writer.member("reason", letter.reason)
        writer.endObject()
      }
      writer.name("record")
      if let record { writer.raw(Array(record.json.utf8)) } else { writer.null() }
      writer.endObject()
      return Console.line(String(decoding: writer.bytes, as: UTF8.self))
    }
    for letter in letters {
      Console.line("\(letter.projection)  \(letter.path.isEmpty ? "" : letter.path + ": ")\(letter.reason)")
    }
    Console.line("")
    Console.line(record?.text ?? "the record is no longer kept")
    if let record { Console.line(record.json) }
  }
}

/// A dead letter as the page server describes it.
private struct DeadLetter {
  let projection: String
  let place: String
  let at: String
  let path: String
  let reason: String

  static func all(_ tape: JSONTape) -> [DeadLetter] {
    let columns = tape.member(tape.root, "columns").map { tape.strings($0) } ?? []
    return tape.elements(tape.root, "rows").map { row in
      var cells: [String: String] = [:]
      var index = 0
      tape.forEachElement(row) { cell in
        if index < columns.count { cells[columns[index]] = tape.kind(cell) == .null ? "" : PageServer.cell(tape, cell) }
        index += 1
      }
      func cell(_ name: String) -> String { cells[name] ?? "" }
      return DeadLetter(
        projection: cell("projection"), place: "\(cell("table")):\(cell("partition")):\(cell("sequence"))", at: cell("at"),
        path: cell("path"), reason: cell("reason"))
    }
  }
}

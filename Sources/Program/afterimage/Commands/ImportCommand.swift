internal import Arguments
internal import DynamoClient
internal import DynamoModel
internal import Foundation

/// `afterimage table import`: a file into a table.
enum ImportCommand {
  static let command = Command(
    "import", about: "Load DynamoDB-JSON lines, CSV or TSV (gzip too) into a table.",
    notes: """
      Columns become attributes by templates: --set 'PK=User:{nick}' --set 'SK={time}#{line:06}' --set 'Score:N={score}'.
      Without --columns the first line names them. The server keeps how far an import got, under the file's name: the same command
      continues with the first row that is not in the table, after whatever stopped it, and with rows that were added to the file.
      Another file of that name is refused: give it a name of its own with --name, or begin again with --again.
      Times are milliseconds or seconds since 1970, 2026-01-01T10:00:00Z, or 2026-01-01 10:00:00; rows of one time keep their order.
      """,
    positionals: [.init("TABLE", "The table."), .init("FILE", "The file: UTF-8, with or without a byte order mark.")],
    options: [
      .init("format", value: "FORMAT", "tsv, csv or json (one item a line); by default what the file's name says."),
      .init("columns", value: "NAMES", "The columns' names, joined by commas, for a file whose first line is data."),
      .init("set", value: "NAME=TEMPLATE", "An attribute; give one for each."),
      .init("history", value: "COLUMN", "Take each row's commit time from this column, for a table with a history clock."),
      .init(
        "time", value: "FORM",
        "How times are written: milliseconds, seconds, iso or sql; by default what the first one looks like."),
      .init(
        "zone", value: "ZONE",
        "The zone of times that name none, as +02:00 or UTC; by default UTC for sql, while iso must name one."),
      .init(
        "lift", "Raise a time that lies before the row before, or before the table's clock, to that one, instead of refusing it."),
      .init("name", value: "NAME", "The import's name, under which the server keeps how far it got; by default the file's."),
      .init("again", "Begin at the first row even if an earlier import got further."),
      Commands.endpoint, Commands.authorities, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let format = try arguments.choice("format", of: ImportFile.Format.allCases.map(\.rawValue)).flatMap(ImportFile.Format.init)
    let path = arguments.words[1]
    let rows = try rows(of: try ImportFile(path: path, format: format), arguments)
    let name = arguments.value("name") ?? String(path.split(separator: "/").last ?? "")
    guard (1...255).contains(name.utf8.count) else {
      throw UsageError("the import's name has 1 to 255 bytes: `\(name)`", command: arguments.command)
    }
    let client = DynamoClient(
      endpoint: arguments.value("endpoint") ?? "", attemptsMax: 1, authorities: Commands.authorities(arguments))
    var importer = Importer(server: ImportServer(client: client, table: arguments.words[0], name: name), rows: rows)
    importer.liftsTimes = arguments.has("lift")
    let isShown = !isJSON && Console.isTerminal
    // What stood on the line is overwritten, and what is left of it erased.
    if isShown { importer.show = { FileHandle.standardError.write(Data("\r\($0.text)\u{1B}[K".utf8)) } }
    defer { if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) } }
    report(try await importer.run(again: arguments.has("again")), isJSON: isJSON)
  }

  private static func rows(of file: ImportFile, _ arguments: ParsedArguments) throws -> ImportRows {
    var rows = ImportRows(file)
    let form = try arguments.choice("time", of: ImportTimes.Form.allCases.map(\.rawValue)).flatMap(ImportTimes.Form.init)
    var zone: Int?
    if let text = arguments.value("zone") {
      zone = DateTimeText.zone(text)
      guard zone != nil else {
        throw UsageError("--zone is UTC or an offset, as +02:00, not `\(text)`", command: arguments.command)
      }
      if form == .seconds || form == .milliseconds {
        throw UsageError("--zone is for dates: numbers count from 1970 UTC", command: arguments.command)
      }
    }
    if arguments.value("history") == nil, form != nil || zone != nil || arguments.has("lift") {
      throw UsageError("--time, --zone and --lift are for the times that --history names", command: arguments.command)
    }
    rows.times = ImportTimes(form: form, zone: zone)
    if file.format == .json {
      guard arguments.value("history") == nil, arguments.value("columns") == nil, arguments.all("set").isEmpty else {
        throw UsageError(
          "--set, --columns and --history are for tsv and csv: a json line is the item as it is", command: arguments.command)
      }
      return rows
    }
    var columns = arguments.value("columns").map { $0.split(separator: ",").map(String.init) } ?? []
    if columns.isEmpty { columns = try file.fields() ?? [] }
    guard !arguments.all("set").isEmpty else {
      throw UsageError(
        "say how columns become attributes: --set NAME=TEMPLATE; there are: \(columns.joined(separator: ", "))",
        command: arguments.command)
    }
    rows.mapping = try ImportMapping(arguments.all("set"), columns: columns, command: arguments.command)
    rows.columns = columns.count
    if let history = arguments.value("history") {
      guard let column = columns.firstIndex(of: history) else {
        throw UsageError(
          "--history \(history) is not a column; there are: \(columns.joined(separator: ", "))", command: arguments.command)
      }
      rows.history = column
    }
    return rows
  }

  private static func report(_ result: Importer.Result, isJSON: Bool) {
    if isJSON {
      return Console.line(
        #"{"items":\#(result.items),"skipped":\#(result.skipped),"lifted":\#(result.lifted),"seconds":\#(result.seconds)}"#)
    }
    if result.items == 0, result.skipped > 0 {
      return Console.line("nothing is left: all \(result.skipped) rows were imported before")
    }
    let rate = Int(Double(result.items) / max(0.001, result.seconds))
    var line = "\(result.items) items in \(String(format: "%.1f", result.seconds)) s (\(rate)/s)"
    if result.lifted > 0 { line += ", \(result.lifted) times lifted" }
    if result.skipped > 0 { line += ", \(result.skipped) rows were imported before" }
    Console.line(line)
  }
}

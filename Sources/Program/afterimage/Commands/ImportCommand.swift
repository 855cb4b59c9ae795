internal import Arguments
internal import DynamoClient
internal import DynamoModel
internal import Foundation

/// `afterimage table import`: a file into a table, through the public API.
enum ImportCommand {
  static let command = Command(
    "import", about: "Load DynamoDB-JSON lines, CSV or TSV (gzip too) into a table.",
    notes: """
      Columns become attributes by templates: --set 'PK=User:{nick}' --set 'SK={time}#{line:06}' --set 'Score:N={score}'.
      Without --columns the first line names them. An import that was interrupted goes on where it stopped when the same command
      is given again; --again begins from the start.
      """,
    positionals: [.init("TABLE", "The table."), .init("FILE", "The file.")],
    options: [
      .init("format", value: "FORMAT", "tsv, csv or json (one item a line); by default what the file's name says."),
      .init("columns", value: "NAMES", "The columns' names, joined by commas, for a file whose first line is data."),
      .init("set", value: "NAME=TEMPLATE", "An attribute; give one for each."),
      .init("history", value: "COLUMN", "Take each row's commit time from this column, for a table with a history clock."),
      .init("data", value: "DIR", "Where the import's progress is kept.", default: "./afterimage-data"),
      .init("again", "Begin at the first line even if an earlier import got further."),
      Commands.endpoint, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let format = try arguments.choice("format", of: ImportFile.Format.allCases.map(\.rawValue)).flatMap(ImportFile.Format.init)
    let file = try ImportFile(path: arguments.words[1], format: format)
    let table = arguments.words[0]
    let progress = ImportProgress(
      table: table, file: arguments.words[1], endpoint: arguments.value("endpoint") ?? "",
      data: arguments.value("data") ?? "./afterimage-data")
    if arguments.has("again") { progress.forget() }
    var importer = Importer(
      client: DynamoClient(endpoint: arguments.value("endpoint") ?? ""), table: table, file: file, progress: progress,
      keys: try await TableServer(arguments).keys(table).map(\.name))
    if file.format != .json {
      var columns = arguments.value("columns").map { $0.split(separator: ",").map(String.init) } ?? []
      if columns.isEmpty { columns = try file.fields() ?? [] }
      guard !arguments.all("set").isEmpty else {
        throw UsageError(
          "say how columns become attributes: --set NAME=TEMPLATE; there are: \(columns.joined(separator: ", "))",
          command: arguments.command)
      }
      importer.mapping = try ImportMapping(arguments.all("set"), columns: columns, command: arguments.command)
      importer.columns = columns.count
      if let history = arguments.value("history") {
        guard let column = columns.firstIndex(of: history) else {
          throw UsageError(
            "--history \(history) is not a column; there are: \(columns.joined(separator: ", "))", command: arguments.command)
        }
        importer.history = column
      }
    }
    if file.format == .json, arguments.has("history") || arguments.has("columns") || arguments.has("set") {
      throw UsageError(
        "--set, --columns and --history are for tsv and csv: a json line is the item as it is", command: arguments.command)
    }
    let result = try await importer.run(showsProgress: !isJSON && Console.isTerminal)
    if isJSON {
      Console.line(#"{"items":\#(result.items),"skipped":\#(result.skipped),"seconds":\#(result.seconds)}"#)
    } else {
      let rate = Int(Double(result.items) / max(0.001, result.seconds))
      Console.line(
        "\(result.items) items in \(String(format: "%.1f", result.seconds)) s (\(rate)/s)\(result.skipped > 0 ? ", \(result.skipped) lines were imported before" : "")"
      )
    }
  }
}

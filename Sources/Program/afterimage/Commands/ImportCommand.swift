internal import Arguments
internal import DynamoClient
internal import DynamoModel
internal import Foundation
internal import Gzip

/// `afterimage table import`: a file into a table, through the public API.
enum ImportCommand {
  static let command = Command(
    "import", about: "Load DynamoDB-JSON lines, CSV or TSV (gzip too) into a table.",
    notes: """
      Columns become attributes by templates: --set 'PK=User:{nick}' --set 'SK={time}#{line:06}' --set 'Score:N={score}'.
      Without --columns the first line names them. An import that was interrupted goes on where it stopped when the same command
      is given again; --again begins anew.
      """,
    positionals: [.init("TABLE", "The table."), .init("FILE", "The file.")],
    options: [
      .init("format", value: "FORMAT", "tsv, csv or json (one item a line); otherwise told by the file's name."),
      .init("columns", value: "NAMES", "The columns' names, joined by commas, for a file whose first line is data."),
      .init("set", value: "NAME=TEMPLATE", "An attribute; give one for each."),
      .init("history", value: "COLUMN", "Take each row's commit time from this column, for a table with a history clock."),
      .init("again", "Begin at the first line even if an earlier import got further."),
      Commands.endpoint, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let format = try arguments.choice("format", of: ImportFile.Format.allCases.map(\.rawValue)).flatMap(ImportFile.Format.init)
    let file = try ImportFile(path: arguments.words[1], format: format)
    var importer = Importer(
      client: DynamoClient(endpoint: arguments.value("endpoint") ?? ""), table: arguments.words[0], file: file,
      progress: ImportProgress(table: arguments.words[0], path: arguments.words[1]))
    if arguments.has("again") { importer.progress.forget() }
    if file.format != .json {
      var columns = arguments.value("columns").map { $0.split(separator: ",").map(String.init) } ?? []
      if columns.isEmpty { columns = try file.fields() ?? [] }
      guard !arguments.all("set").isEmpty else {
        throw UsageError("say how columns become attributes: --set NAME=TEMPLATE; there are: \(columns.joined(separator: ", "))", command: arguments.command)
      }
      importer.mapping = try ImportMapping(arguments.all("set"), columns: columns, command: arguments.command)
      if let history = arguments.value("history") {
        guard let column = columns.firstIndex(of: history) else {
          throw UsageError("--history \(history) is no column; there are: \(columns.joined(separator: ", "))", command: arguments.command)
        }
        importer.history = column
      }
    }
    let result = try await importer.run(showsProgress: !isJSON && Console.isTerminal)
    if isJSON {
      Console.line(#"{"items":\#(result.items),"skipped":\#(result.skipped),"seconds":\#(result.seconds)}"#)
    } else {
      let rate = Int(Double(result.items) / max(0.001, result.seconds))
      Console.line("\(result.items) items in \(String(format: "%.1f", result.seconds)) s (\(rate)/s)\(result.skipped > 0 ? ", \(result.skipped) lines were imported before" : "")")
    }
  }
}

/// How far an import got: a file beside the caller, so that the same command goes on.
struct ImportProgress {
  private let path: String

  init(table: String, path: String) {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    self.path = ".afterimage-import-\(table)-\(name)"
  }

  /// Lines that are imported.
  var lines: Int {
    FileManager.default.contents(atPath: path).flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
  }

  func save(_ lines: Int) throws { try Data(String(lines).utf8).write(to: URL(fileURLWithPath: path), options: .atomic) }
  func forget() { try? FileManager.default.removeItem(atPath: path) }
}

/// Sends rows in batches, in the file's order: a table with a history clock needs its times in order.
struct Importer {
  static let batchItems = 25
  static let saveEvery = 40

  let client: DynamoClient
  let table: String
  let file: ImportFile
  let progress: ImportProgress
  var mapping: ImportMapping?
  var history: Int?

  struct Result {
    var items = 0
    var skipped = 0
    var seconds = 0.0
  }

  func run(showsProgress: Bool) async throws -> Result {
    var result = Result()
    let done = progress.lines
    let started = ContinuousClock.now
    var items: [Item] = []
    var times: [String] = []
    var batches = 0
    while true {
      let item: Item?
      var time: String?
      if let mapping {
        guard let row = try file.fields() else { break }
        if file.reader.lines <= done {
          result.skipped += 1
          continue
        }
        do {
          item = try mapping.item(row, line: file.reader.lines)
        } catch {
          throw ImportError("line \(file.reader.lines): \(error)")
        }
        time = history.map { $0 < row.count ? row[$0] : "" }
      } else {
        guard let next = try file.item() else { break }
        if file.reader.lines <= done {
          result.skipped += 1
          continue
        }
        item = next
      }
      if let item { items.append(item) }
      if let time { times.append(time) }
      if items.count == Importer.batchItems {
        try await send(&items, &times, &result)
        batches += 1
        if batches % Importer.saveEvery == 0 {
          try progress.save(file.reader.lines)
          if showsProgress { FileHandle.standardError.write(Data("\r\(result.items) items".utf8)) }
        }
      }
    }
    if !items.isEmpty { try await send(&items, &times, &result) }
    if showsProgress { FileHandle.standardError.write(Data("\r".utf8)) }
    progress.forget()
    result.seconds = Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000
    return result
  }

  private func send(_ items: inout [Item], _ times: inout [String], _ result: inout Result) async throws {
    let headers = times.isEmpty ? [:] : ["x-afterimage-time": times.joined(separator: ",")]
    let batch = items
    do {
      _ = try await client.call("BatchWriteItem", headers: headers) { writer in
        writer.name("RequestItems")
        writer.beginObject()
        writer.name(table)
        writer.array(batch) { writer, item in
          writer.beginObject()
          writer.name("PutRequest")
          writer.beginObject()
          writer.name("Item")
          writer.item(item)
          writer.endObject()
          writer.endObject()
        }
        writer.endObject()
      }
    } catch let error as ClientError {
      throw ImportError("lines up to \(file.reader.lines): \(error)")
    }
    result.items += items.count
    items.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
  }
}

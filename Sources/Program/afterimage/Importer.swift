internal import Assembly
internal import Crypto
internal import DynamoClient
internal import DynamoModel
internal import Foundation
internal import Gzip

/// How far an import got: a file in the data directory, so that the same command goes on.
struct ImportProgress {
  let path: String

  /// Of one file into one table of one server.
  init(table: String, file: String, endpoint: String, data: String) {
    let whole = URL(fileURLWithPath: file).standardized.path
    let mark = Hashing.hexadecimal(Hashing.sha256(Array("\(endpoint)\n\(whole)".utf8))).prefix(16)
    path = "\(DataDirectory.imports(data))/\(table)-\(whole.split(separator: "/").last ?? "")-\(mark)"
  }

  /// Lines that are imported.
  var lines: Int {
    FileManager.default.contents(atPath: path).flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
  }

  func save(_ lines: Int) throws(ImportError) {
    let file = URL(fileURLWithPath: path)
    do {
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(String(lines).utf8).write(to: file, options: .atomic)
    } catch {
      throw ImportError(
        "\(path), which keeps the import's progress, cannot be written: \(error.localizedDescription); choose another directory with --data"
      )
    }
  }

  func forget() { try? FileManager.default.removeItem(atPath: path) }
}

/// Sends rows in batches, in the file's order: a table with a history clock needs its times in order.
///
/// A batch is one transaction of the table server, and progress is kept after each; so of an import that was killed at most the last
/// batch is sent twice, and the same items a second time change nothing, also not the clock of a history.
struct Importer {
  static let batchItems = 25
  static let noteEvery = 1000

  let client: DynamoClient
  let table: String
  let file: ImportFile
  let progress: ImportProgress
  /// The table's key attributes: an item's key may be in a batch once.
  let keys: [String]
  var mapping: ImportMapping?
  /// Fields that a row must have.
  var columns = 0
  /// The column with each row's time.
  var history: Int?

  struct Result {
    var items = 0
    var skipped = 0
    var seconds = 0.0
  }

  private struct Row {
    let item: Item
    let line: Int
    let time: String?
  }

  func run(showsProgress: Bool) async throws -> Result {
    var result = Result()
    let done = progress.lines
    let started = ContinuousClock.now
    var batch: [Row] = []
    while let row = try next(after: done, &result) {
      if batch.count == Importer.batchItems || batch.contains(where: { hasSameKey($0.item, row.item) }) {
        try await send(batch, &result)
        try progress.save(row.line - 1)
        if showsProgress, result.items % Importer.noteEvery < batch.count {
          FileHandle.standardError.write(Data("\r\(result.items) items".utf8))
        }
        batch.removeAll(keepingCapacity: true)
      }
      batch.append(row)
    }
    if !batch.isEmpty { try await send(batch, &result) }
    if showsProgress { FileHandle.standardError.write(Data("\r".utf8)) }
    progress.forget()
    result.seconds = Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000
    return result
  }

  private func hasSameKey(_ left: Item, _ right: Item) -> Bool { keys.allSatisfy { left[$0] == right[$0] } }

  /// The next row after a line; nil at the file's end. `line` is the row's first line.
  private func next(after done: Int, _ result: inout Result) throws -> Row? {
    while true {
      let line = file.reader.lines + 1
      guard let mapping else {
        guard let item = try file.item() else { return nil }
        // Blank lines before it count to it.
        if file.reader.lines > done { return Row(item: item, line: file.reader.lines, time: nil) }
        result.skipped += 1
        continue
      }
      guard let fields = try file.fields() else { return nil }
      if file.reader.lines <= done {
        result.skipped += 1
        continue
      }
      if fields.count == 1, fields[0].isEmpty { continue }
      guard fields.count == columns else {
        throw ImportError("line \(line): \(fields.count) fields, and \(columns) columns are named")
      }
      do throws(ImportError) {
        return Row(item: try mapping.item(fields, line: line), line: line, time: history.map { fields[$0] })
      } catch {
        throw ImportError("line \(line): \(error)")
      }
    }
  }

  private func send(_ rows: [Row], _ result: inout Result) async throws {
    do {
      try await put(rows)
    } catch let error as ClientError {
      guard error.code == "ValidationException", rows.count > 1 else {
        throw ImportError("line \(rows[0].line)\(rows.count > 1 ? " to \(rows[rows.count - 1].line)" : ""): \(error)")
      }
      // The batch was refused whole: row by row it is seen which one is wrong.
      for row in rows {
        do {
          try await put([row])
          try progress.save(row.line)
        } catch let error as ClientError {
          throw ImportError("line \(row.line): \(error)")
        }
      }
    }
    result.items += rows.count
  }

  private func put(_ rows: [Row]) async throws {
    let times = rows.compactMap(\.time)
    let headers = times.isEmpty ? [:] : ["x-afterimage-time": times.joined(separator: ",")]
    _ = try await client.call("BatchWriteItem", headers: headers) { writer in
      writer.name("RequestItems")
      writer.beginObject()
      writer.name(text: table)
      writer.array(rows) { writer, row in
        writer.beginObject()
        writer.name("PutRequest")
        writer.beginObject()
        writer.name("Item")
        writer.item(row.item)
        writer.endObject()
        writer.endObject()
      }
      writer.endObject()
    }
  }
}

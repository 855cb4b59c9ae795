internal import CSV
internal import DynamoModel
internal import Gzip
internal import TableStore

/// The items in the lines of an import's file.
enum TransferRows {
  /// DynamoDB JSON lines, each `{"Item": {...}}`.
  static func json(_ reader: LineReader, _ put: (Item) throws -> Void, _ skip: (String) -> Void) throws {
    while let line = try reader.next() {
      if line.allSatisfy({ $0 == 32 || $0 == 9 }) { continue }
      let item: Item
      do {
        let tape = try JSONTape(line)
        item = try Item(json: tape, tape.member(tape.root, "Item") ?? tape.root)
      } catch {
        skip("line \(reader.lines): \((error as? DynamoError)?.message ?? "\(error)")")
        continue
      }
      try put(item)
    }
  }

  /// Fields under the names of a header, from the request or the file's first line. Key attributes have their types, all
  /// others are strings; an empty field makes no attribute.
  static func csv(_ reader: LineReader, _ job: TableJob, put: (Item) throws -> Void, skip: (String) -> Void) throws {
    let rows = CSVReader(reader, delimiter: job.text("delimiter")?.utf8.first ?? UInt8(ascii: ","))
    let types = job.description.definition.keyAttributes
    var header: [String]?
    if case .list(let names)? = job.parameters["header"] {
      header = names.compactMap { name in
        if case .string(let text) = name { text } else { nil }
      }
    }
    while let fields = try rows.next() {
      guard let names = header else {
        header = fields
        continue
      }
      guard fields.count == names.count else {
        skip("line \(rows.lines): \(fields.count) fields for \(names.count) names")
        continue
      }
      var item = Item()
      var reason: String?
      for (name, field) in zip(names, fields) where !field.isEmpty {
        switch types.first(where: { Text.equal($0.name, name) })?.type {
        case .number?:
          do throws(NumberError) {
            item[name] = .number(try Number(field))
          } catch {
            reason = error.message
          }
        case .binary?:
          if let bytes = Base64.decode(Array(field.utf8)) {
            item[name] = .binary(bytes)
          } else {
            reason = "\(name) is not base64"
          }
        default: item[name] = .string(field)
        }
      }
      if let reason { skip("line \(rows.lines): \(reason)") } else { try put(item) }
    }
  }
}

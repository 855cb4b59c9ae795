internal import ChangeRecords
internal import DynamoModel
internal import Pipelines

/// One change record as a line.
struct LogLine: Sendable {
  let time: LogTime
  let partition: Int
  let sequence: SequenceNumber
  let json: String
  let text: String

  /// The most of a value that a line shows.
  static let valueCharactersMax = 60

  /// A record of the form that `RecordJSON` writes.
  init(_ tape: JSONTape, _ node: Int) throws {
    json = tape.text(node)
    guard let ours = tape.member(node, "afterimage"), let change = tape.member(node, "dynamodb") else {
      throw CommandError("the server's answer holds no change record")
    }
    time = LogTime(rawValue: Int64(tape.text(ours, "time")) ?? 0)
    partition = Int(tape.text(ours, "partition")) ?? 0
    sequence = SequenceNumber(tape.text(ours, "sequence")) ?? .beforeAll
    func image(_ name: String) throws -> Item? { try tape.member(change, name).map { try Item(json: tape, $0) } }
    let keys = try image("Keys") ?? Item()
    let event = tape.text(node, "eventName")
    let isService = tape.member(node, "userIdentity") != nil
    let changes = LogLine.changes(try image("OldImage"), try image("NewImage"), except: keys)
    let key = keys.entries.map { "\(ItemText.escaped($0.name))=\(ItemText.cell($0.value))" }.joined(separator: " ")
    let padding = String(repeating: " ", count: max(0, 8 - event.count))
    text =
      "\(LogLine.milliseconds(time))  \(partition):\(sequence)  \(event)\(padding)\(isService ? " (service)" : "")  \(key)"
      + (changes.isEmpty ? "" : "  " + changes.joined(separator: ", "))
  }

  private static func milliseconds(_ time: LogTime) -> String { String(Timestamp.text(Instant(time)).dropLast(4)) + "Z" }

  /// What an insertion wrote, or in what an image differs from the one before; nothing of a removal.
  private static func changes(_ old: Item?, _ new: Item?, except keys: Item) -> [String] {
    guard let new else { return [] }
    func short(_ value: AttributeValue) -> String { ItemText.cut(ItemText.inline(value), valueCharactersMax) }
    var lines: [String] = []
    for entry in new.entries where keys[entry.name] == nil {
      let name = ItemText.escaped(entry.name)
      guard let old else {
        lines.append("\(name)=\(short(entry.value))")
        continue
      }
      guard let before = old[entry.name] else {
        lines.append("\(name)=\(short(entry.value)) (new)")
        continue
      }
      if before != entry.value { lines.append("\(name): \(short(before)) -> \(short(entry.value))") }
    }
    for entry in old?.entries ?? [] where new[entry.name] == nil { lines.append("\(ItemText.escaped(entry.name)) gone") }
    return lines
  }
}

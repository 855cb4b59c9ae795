import ChangeRecords
import DynamoModel
import Pipelines
import ReadModels

/// Holds a read model against the plain model.
struct Comparison {
  let model: PlainModel
  let readModel: TrialModel

  private var pipeline: Pipeline { model.pipeline }

  /// The first difference; nil when there is none.
  func difference(effects: Bool = true) throws -> String? {
    let reader = try readModel.reader()
    defer { reader.close() }
    for id in pipeline.projections.ids {
      if let problem = try rowDifference(id, reader) { return problem }
      if let problem = try reader.snapshot({ try rankDifference(id, reader) }) { return problem }
    }
    if let problem = try letterDifference(reader) { return problem }
    let findings = try reader.checkRows(of: pipeline).flatMap(\.findings)
    if !findings.isEmpty { return findings.joined(separator: "\n") }
    return effects ? try effectDifference() : nil
  }

  /// What the rows amount to, by projection.
  func digests() throws -> [Digest] {
    let reader = try readModel.reader()
    defer { reader.close() }
    return try reader.digests()
  }

  private func rowDifference(_ id: ProjectionID, _ reader: any GenerationReader) throws -> String? {
    let table = pipeline.projections[id].table
    let shown = table.columns.indices.filter { table.columns[$0].name != "_item" }
    let columns = shown.map { table.columns[$0] }
    var found: [[Value]] = []
    try reader.storedRows(id) { row in found.append(shown.map { row.values[$0] ?? .null }) }
    return Self.difference(
      found.map { Self.text($0, columns) }, (model.rows[id] ?? []).map { Self.text($0, columns) }, "rows of \(table.name)")
  }

  private static func text(_ row: [Value], _ columns: [SQLColumn]) -> String {
    zip(columns, row).map { "\($0.name)=\(text($1))" }.joined(separator: " ")
  }

  static func text(_ value: Value) -> String {
    let text = value.description
    return text.utf8.count > 100 ? "\(text.prefix(20))...(\(text.utf8.count))" : text
  }

  /// What one multiset has and the other has not.
  static func difference(_ found: [String], _ wanted: [String], _ what: String) -> String? {
    let (found, wanted) = (found.sorted(), wanted.sorted())
    guard found != wanted else { return nil }
    var left = wanted
    let extra = found.filter { text in
      guard let place = left.firstIndex(of: text) else { return true }
      left.remove(at: place)
      return false
    }
    return
      "\(what):\n  the engine: \(extra.joined(separator: "\n              "))\n  the model:  \(left.joined(separator: "\n              "))"
  }

  private func rankDifference(_ id: ProjectionID, _ reader: any GenerationReader) throws -> String? {
    guard case .leaderboard(let board) = pipeline.projections[id].kind, let ranks = try reader.ranks(id) else { return nil }
    for (key, rows) in Dictionary(grouping: model.rows[id] ?? [], by: { Array($0[..<board.boardCount]) }) {
      let wanted = model.ranks(of: board, rows)
      let found = ranks.board(key)
      let count = found.map { found in board.floor.map { found.count(atLeast: $0) } ?? found.count } ?? 0
      let shown = (found?.page(from: 0, limit: count) ?? []).map { "\($0.rank) \(Self.text($0.member))" }
      if shown != wanted.map({ "\($0.rank) \(Self.text($0.member))" }) {
        return "ranks of \(pipeline.projections[id].name) \(key): the engine: \(shown), the model: \(wanted)"
      }
    }
    return nil
  }

  private func letterDifference(_ reader: any GenerationReader) throws -> String? {
    var found: [String] = []
    // Projection, kind, table, partition, sequence, at, path, reason.
    try reader.deadLetters(limit: 1_000_000) { letter in
      let table = pipeline.table(named: letter[2].description).map { "\($0)" } ?? "?"
      let place = letter[1] == .text("record") ? "\(table)/\(letter[3])/\(letter[4])" : ""
      found.append("\(letter[0]) \(letter[1]) `\(letter[6])` \(place)")
    }
    let wanted = model.deadLetters.map { "\($0.projection) \($0.kind) `\($0.path)` \($0.kind == "record" ? $0.place : "")" }
    return Self.difference(found, wanted, "dead letters")
  }

  private func effectDifference() throws -> String? {
    let found = try readModel.store.effects([.pending, .failed], after: .none, limit: 100_000).map { effect -> String in
      let action: String
      switch effect.pending.action.kind {
      case .deleteItem(let table, let key, _, let through):
        action = "delete \(table) \(Self.text(key)) seen through \(through.sequence)"
      case .deleteRows(let rows):
        action = rows.map { rows in
          "\(rows.projection) \(rows.equals.map { "\($0.column) = \(Value.values(ordered: $0.value, count: 1)?.first.map(Self.text) ?? "?")" })"
        }.joined(separator: "; ")
      case .carryOut(.topic(let topic, let key, let value)):
        guard case .list(let values)? = AttributeValue(plainJSON: value) else { return "not a list: \(value)" }
        action = Self.text(
          topic: topic, key: key, values: values.map { PlainModel.text($0) },
          order: effect.pending.action.sequence.map { Self.parts($0) })
      case .carryOut(let other): action = "\(other)"
      }
      return "\(effect.pending.effect) at \(Timestamp.text(effect.pending.at)): \(action)"
    }
    return Self.difference(found, model.effects.map { $0.text(pipeline) }, "effects")
  }

  static func text(topic: String, key: String?, values: [String], order: [String]?) -> String {
    func short(_ text: String) -> String { text.utf8.count > 100 ? "\(text.prefix(20))...(\(text.utf8.count))" : text }
    let parts = values.map(short).joined(separator: ", ")
    return "publish to \(topic) under \(key.map(short) ?? "no key"): \(parts)\(order.map { " by \($0.map(short))" } ?? "")"
  }

  /// What a key of parts is made of.
  private static func parts(_ key: String) -> [String] {
    var bytes = Array(key.utf8)[...]
    var parts: [String] = []
    while let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
      let count = Int(String(decoding: bytes[..<colon], as: UTF8.self))
      let end = colon + 1 + (count ?? 0)
      parts.append(count == nil ? "-" : String(decoding: bytes[(colon + 1)..<end], as: UTF8.self))
      bytes = bytes[end...]
    }
    return parts
  }

  private static func text(_ key: Item) -> String {
    key.entries.map { entry in
      let text = PlainKeyPart(entry.value)?.text ?? "?"
      return text.utf8.count > 100 ? "\(text.utf8.count) bytes" : text
    }.joined(separator: "/")
  }
}

import ChangeRecords
import DynamoModel
import Pipelines
import ReadModels
import SQLite
import SQLiteReadModels

/// Holds a read model against the plain model.
struct Comparison {
  let model: PlainModel
  let path: String
  let store: any GenerationStore

  private var pipeline: Pipeline { model.pipeline }

  /// The first difference; nil when there is none.
  func difference(effects: Bool = true) throws -> String? {
    let reader = try Connection(path: path, options: .readOnly)
    for id in pipeline.projections.ids {
      if let problem = try rowDifference(id, reader) { return problem }
      if let problem = try rankDifference(id, reader) { return problem }
    }
    if let problem = try letterDifference(reader) { return problem }
    if let problem = try hashProblem() { return problem }
    return effects ? try effectDifference() : nil
  }

  /// What is wrong with the rows' hashes and their sums.
  private func hashProblem() throws -> String? {
    let reader = try SQLiteReader(path: path, pipeline: pipeline)
    defer { reader.close() }
    let findings = try reader.checkRows(of: pipeline).flatMap(\.findings)
    return findings.isEmpty ? nil : findings.joined(separator: "\n")
  }

  /// What the rows amount to, by projection.
  func digests() throws -> [Digest] {
    let reader = try SQLiteReader(path: path, pipeline: pipeline)
    defer { reader.close() }
    return try reader.digests()
  }

  private func rowDifference(_ id: ProjectionID, _ reader: Connection) throws -> String? {
    let table = pipeline.projections[id].table
    let columns = table.columns.filter { $0.name != "_item" }
    let select = try reader.prepare("SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(table.name)")
    // A decimal is two SQL columns, of which the first alone is selected.
    var found: [[Value]] = []
    while try select.step() {
      found.append(columns.indices.map { Value(column: $0, of: select, as: columns[$0].type) ?? .null })
    }
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

  private func rankDifference(_ id: ProjectionID, _ reader: Connection) throws -> String? {
    guard case .leaderboard(let board) = pipeline.projections[id].kind, let ranks = RankIndex(pipeline, projection: id)
    else { return nil }
    try ranks.follow(reader)
    for (key, rows) in Dictionary(grouping: model.rows[id] ?? [], by: { Array($0[..<board.boardCount]) }) {
      let wanted = model.ranks(of: board, rows)
      let found = ranks.board(key)
      let count = found.map { found in ranks.floor.map { found.count(atLeast: $0) } ?? found.count } ?? 0
      let shown = (found?.page(from: 0, limit: count) ?? []).map { "\($0.rank) \(Self.text($0.member))" }
      if shown != wanted.map({ "\($0.rank) \(Self.text($0.member))" }) {
        return "ranks of \(pipeline.projections[id].name) \(key): the engine: \(shown), the model: \(wanted)"
      }
    }
    return nil
  }

  private func letterDifference(_ reader: Connection) throws -> String? {
    let select = try reader.prepare("SELECT projection, kind, path, table_name, partition, sequence FROM _dead_letters")
    var found: [String] = []
    while try select.step() {
      let kind = select.text(1) ?? ""
      let table = pipeline.table(named: select.text(3) ?? "").map { "\($0)" } ?? "?"
      let place = kind == "record" ? "\(table)/\(select.int64(4))/\(select.int64(5))" : ""
      found.append("\(select.text(0) ?? "") \(kind) `\(select.text(2) ?? "")` \(place)")
    }
    let wanted = model.deadLetters.map { "\($0.projection) \($0.kind) `\($0.path)` \($0.kind == "record" ? $0.place : "")" }
    return Self.difference(found, wanted, "dead letters")
  }

  private func effectDifference() throws -> String? {
    let found = try store.effects([.pending, .failed], after: .none, limit: 100_000).map { effect -> String in
      let action: String
      switch effect.pending.action.kind {
      case .deleteItem(let table, let key, _, let through):
        action = "delete \(table) \(Self.text(key)) seen through \(through.sequence)"
      case .deleteRows(let rows):
        action = rows.map { rows in
          "\(rows.projection) \(rows.equals.map { "\($0.column) = \(Value.values(ordered: $0.value, count: 1)?.first.map(Self.text) ?? "?")" })"
        }.joined(separator: "; ")
      }
      return "\(effect.pending.effect) at \(Timestamp.text(effect.pending.at)): \(action)"
    }
    return Self.difference(found, model.effects.map { $0.text(pipeline) }, "effects")
  }

  private static func text(_ key: Item) -> String {
    key.entries.map { entry in
      let text = PlainKeyPart(entry.value)?.text ?? "?"
      return text.utf8.count > 100 ? "\(text.utf8.count) bytes" : text
    }.joined(separator: "/")
  }
}

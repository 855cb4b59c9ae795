import Pipelines
import ReadModels
import SQLiteReadModels
import Testing

extension SQLiteReader {
  /// What a named query answers; parameters that are not given have their defaults.
  func answers(_ name: String, of pipeline: Pipeline, _ given: [String: Value]) throws -> [[AnswerCell]] {
    let query = try #require(pipeline.query(named: name))
    var rows: [[AnswerCell]] = []
    try run(
      query.sql, query.parameters.map { ($0, given[$0.name] ?? $0.default ?? .null) }, columns: query.columns, now: nil,
      limit: .seconds(10)
    ) { rows.append($0) }
    return rows
  }
}

extension AnswerCell {
  /// The bytes of a text; none of anything else.
  var textBytes: [UInt8] { if case .text(let text) = self { Array(text.utf8) } else { [] } }
}

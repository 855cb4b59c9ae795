package import ReadModels
package import SQLite

extension AnswerCell {
  /// The value of a column of the statement's current row.
  package init(_ statement: Statement, _ column: Int) {
    switch statement.type(column) {
    case .null: self = .null
    case .integer: self = .integer(statement.int64(column))
    case .real: self = .real(statement.double(column))
    case .text: self = .text(statement.text(column) ?? "")
    case .blob: self = .blob(statement.bytes(column) ?? [])
    }
  }
}

internal import DynamoModel
internal import Pipelines

/// The columns of an answer that is rows: their names, and what the cells of each may be.
struct AnswerColumns: Sendable {
  /// One column.
  struct Column: Sendable {
    let name: String
    let cell: JSONSchema
  }

  let columns: [Column]

  init(_ columns: [Column]) { self.columns = columns }
  init(_ columns: [QueryColumn]) { self.columns = columns.map { Column(name: $0.name, cell: .cell($0)) } }
  init(_ table: SQLTable) { columns = table.columns.map { Column(name: $0.name, cell: .cell($0)) } }

  /// Writes the member `columns` into an object that is open, and the name of the member `rows`, whose array is to follow.
  func append(to writer: inout JSONWriter) {
    writer.name("columns")
    writer.array(columns) { $0.string($1.name) }
    writer.name("rows")
  }

  /// An array of rows; each cell's schema has the column's name as its title.
  var rows: JSONSchema { .list(of: .tuple(columns.map { $0.cell.adding("title", .text($0.name)) })) }

  /// The member `row`: an object with a member for each column.
  var row: JSONSchema.Member { .init("row", .object(columns.map { .init($0.name, $0.cell) })) }

  /// The members that `append` begins.
  var schemas: [JSONSchema.Member] {
    [
      .init("columns", .exactly(.texts(columns.map(\.name))).about("The names of the columns, in the order of the cells.")),
      .init("rows", rows),
    ]
  }
}

extension AnswerShape {
  /// The members as columns, for answers in which a source is a row.
  var columns: AnswerColumns { AnswerColumns(schemas.map { .init(name: $0.name, cell: $0.schema) }) }
}

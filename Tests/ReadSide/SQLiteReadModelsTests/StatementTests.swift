import DynamoModel
import LiteralTestKit
import Pipelines
import ReadModels
import SQLite
import SQLiteReadModels
import Testing

@Suite struct StatementTests {
  @Test func `every type goes through SQL and back, and decimals sort by value there`() throws {
    let types: [ValueType] = [.string, .integer, .decimal, .boolean, .timestamp, .bytes, .json]
    let columns = types.map { SQLColumn(name: "\($0.rawValue)_column", type: $0, isNullable: true) }
    let key = SQLColumn(name: "id", type: .decimal, isNullable: false)
    let table = SQLTable(
      name: "everything", columns: [key] + columns, primaryKey: [0],
      indexes: [SQLIndex(name: "by_decimal", columns: [.init(column: 3, isDescending: true)])])
    let connection = try Connection.inMemory()
    for statement in table.createStatements { try connection.execute(statement) }
    for (row, number) in ["-2", "10", "9.5", "0"].enumerated() {
      let values: [Value] = [
        .decimal(try Number(number)), .string("a"), .integer(Int64(row)), .decimal(try Number(number)), .boolean(true),
        .timestamp(5),
        .bytes([0, 1]), .json("[]"),
      ]
      let wanted = row == 3 ? [values[0]] + types.map { _ in Value.null } : values
      let insert = try connection.statement(table.upsertStatement)
      var index = 1
      for (column, value) in zip(table.columns, wanted) { index += try value.bind(to: insert, at: index, as: column.type) }
      let hash = Array(repeating: UInt8(row), count: RowHash.bytesCount)
      try insert.bind(index, blob: hash)
      try insert.run()
      let find = try connection.statement(table.hashStatement)
      try values[0].bindSortable(to: find, at: 1)
      #expect(try find.step())
      #expect(find.bytes(0) == hash)
      find.reset()
      let select = try connection.statement(table.selectStatement)
      try values[0].bindSortable(to: select, at: 1)
      #expect(try select.step())
      #expect(table.columns.enumerated().map { Value(column: $0, of: select, as: $1.type) } == wanted)
      select.reset()
    }
    let sorted = try connection.prepare("SELECT id FROM everything ORDER BY id_sort")
    var ids: [String] = []
    while try sorted.step() { ids.append(sorted.text(0) ?? "") }
    #expect(ids == ["-2", "0", "9.5", "10"])
  }
}

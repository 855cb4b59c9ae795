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

  @Test func `what a history loses is found by its indexes`() throws {
    func column(_ name: String, _ type: ValueType) -> SQLColumn { SQLColumn(name: name, type: type, isNullable: false) }
    let columns = [
      column("task", .string), column("price", .decimal), column("time", .timestamp), column("event", .string),
      column("cause", .string), column("_at", .timestamp), column("_order", .integer), column("_position", .string),
    ]
    let table = SQLTable(
      name: "moves", columns: columns, primaryKey: [7],
      indexes: [
        SQLIndex(name: "moves_by_key", columns: [0, 1, 2, 6].map { .init(column: $0, isDescending: false) }),
        SQLIndex(name: "moves_by_age", columns: [.init(column: 2, isDescending: false)]),
      ])
    let connection = try Connection.inMemory()
    for statement in table.createStatements { try connection.execute(statement) }
    func plan(_ statement: String) throws -> [String] {
      let explain = try connection.prepare("EXPLAIN QUERY PLAN " + statement)
      var steps: [String] = []
      while try explain.step() { steps.append(explain.text(3) ?? "") }
      return steps
    }
    let expire = try plan(table.expireStatement(time: 2))
    #expect(expire.count == 1 && expire[0].hasSuffix("INDEX moves_by_age (time<?)"), "\(expire)")
    let trim = try plan(table.trimStatement(first: 2, order: [2, 6], keeping: 3)).filter { !$0.contains("SUBQUERY") }
    #expect(trim.count == 2 && trim.allSatisfy { $0.contains("INDEX moves_by_key (task=? AND price_sort=?") }, "\(trim)")
  }
}

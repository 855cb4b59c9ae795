import DynamoModel
import Pipelines
import SQLite
import Testing

@Suite struct ValueTests {
  static let values: [Value] = [
    .null, .boolean(false), .boolean(true), .integer(.min), .integer(-1), .integer(0), .integer(7), .integer(.max),
    .decimal(Number(-5)), .decimal(.zero), .decimal(Number(5)), .timestamp(-1), .timestamp(0), .timestamp(1),
    .string(""), .string("\u{0}"), .string("\u{0}a"), .string("a"), .string("a\u{0}"), .string("ab"), .string("e\u{301}"),
    .string("\u{e9}"),
    .bytes([]), .bytes([0]), .bytes([0, 0]), .bytes([0, 0xff]), .bytes([1]), .bytes([0xff]), .json("{}"), .json("{\"a\":1}"),
  ]

  @Test func `ordered bytes sort as the values do, alone and in rows, and read back`() {
    for left in Self.values {
      for right in Self.values {
        #expect(Bytes.less(Value.ordered([left]), Value.ordered([right])) == (left < right), "\(left) \(right)")
        #expect((Value.ordered([left]) == Value.ordered([right])) == (left == right))
        let row = Value.ordered([left, right])
        #expect(Value.values(ordered: row, count: 2) == [left, right])
        for third in [Value.string("a"), .null] where left != right {
          #expect(Bytes.less(Value.ordered([left, third]), Value.ordered([right])) == (left < right))
        }
      }
    }
  }

  @Test func `strings that Unicode calls equivalent are two values`() {
    #expect(Value.string("e\u{301}") != Value.string("\u{e9}"))
    #expect(Set([Value.string("e\u{301}"), .string("\u{e9}")]).count == 2)
  }

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
      try insert.run()
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

  @Test func `a declared type takes its own attributes only`() throws {
    func value(_ attribute: AttributeValue, _ type: ValueType, _ form: TimestampForm = .iso(zone: nil)) throws -> Value {
      try Value(attribute, as: type, form: form)
    }
    #expect(try value(.number(Number("1700000000.5")), .timestamp, .seconds) == .timestamp(1_700_000_000_500_000))
    #expect(try value(.number(Number("1700000000500")), .timestamp, .milliseconds) == .timestamp(1_700_000_000_500_000))
    #expect(throws: TypeMismatch.self) { try value(.string("1700000000"), .timestamp, .seconds) }
    #expect(throws: TypeMismatch.self) { try value(.number(Number(1)), .timestamp) }
    #expect(throws: TypeMismatch.self) { try value(.string("5"), .integer) }
    #expect(throws: TypeMismatch.self) { try value(.number(Number("1.5")), .integer) }
    #expect(throws: TypeMismatch.self) { try value(.number(Number("1e19")), .integer) }
    #expect(try value(.null, .integer) == .null)
    let nested: AttributeValue = try .map(["b": .list([.number(Number("1.50")), .null]), "a": .stringSet(["x\"y"])])
    #expect(try value(nested, .json) == .json(#"{"a":["x\"y"],"b":[1.5,null]}"#))
  }
}

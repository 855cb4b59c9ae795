import DynamoModel
import Expressions
import Testing

/// Statements that are right but for their depth: each is read or refused at once, and none makes the reader recurse without a bound.
@Suite struct PartiQLDepthTests {
  private func statement(_ left: String, _ middle: String, _ right: String, _ count: Int, before: String, after: String = "")
    -> String
  {
    before + String(repeating: left, count: count) + middle + String(repeating: right, count: count) + after
  }

  private func isRead(_ text: String) -> Bool { (try? PartiQLStatement(text, parameters: [])) != nil }

  @Test(.timeLimit(.minutes(1))) func `parentheses, NOT and functions go to a depth`() {
    let select = "SELECT * FROM T WHERE "
    for (left, middle, right) in [
      ("(", "pk='a'", ")"), ("NOT ", "pk='a'", ""), ("NOT (", "pk='a'", ")"), ("(", "pk", ")"), ("size(", "pk", ")"),
    ] {
      let after = middle == "pk" ? "= 1" : ""
      #expect(isRead(statement(left, middle, right, 50, before: select, after: after)), "\(left)")
      #expect(!isRead(statement(left, middle, right, 201, before: select, after: after)), "\(left)")
      #expect(!isRead(statement(left, middle, right, 1300, before: select, after: after)), "\(left)")
    }
  }

  @Test func `a parenthesis holds an operand when a comparison follows it`() {
    for condition in [
      "((pk)) = 'a'", "(pk = 'a')", "((pk) = ('a'))", "(pk) IN ('a')", "(pk) NOT IN ['a']", "(pk) BETWEEN (1) AND (2)",
      "(x) IS MISSING",
    ] {
      #expect(isRead("SELECT * FROM T WHERE \(condition) AND NOT (y = 1 OR (z = 2))"), "\(condition)")
    }
  }

  @Test func `values are as deep as an item may be`() {
    let insert = "INSERT INTO T VALUE {'pk': 'a', 'l': "
    #expect(isRead(statement("[", "", "]", 32, before: insert, after: "}")))
    #expect(!isRead(statement("[", "", "]", 33, before: insert, after: "}")))
    #expect(isRead(statement("{'a':", "1", "}", 31, before: insert, after: "}")))
    #expect(!isRead(statement("{'a':", "1", "}", 32, before: insert, after: "}")))
    #expect(!isRead(statement("[", "", "]", 4000, before: insert, after: "}")))
    #expect(isRead(insert + "<<1, 2>>}"))
    #expect(!isRead(insert + "<<<<1>>>>}"))
    #expect(!isRead(statement("<<", "1", ">>", 2000, before: insert, after: "}")))
  }

  /// The number of partition keys that a SELECT is read through; nil when it is read by a scan.
  private func partitions(_ text: String, _ names: String...) throws -> Int? {
    guard case .select(let select) = try PartiQLStatement(text, parameters: []).kind else { return nil }
    let schema = KeySchema(partitions: names.map { KeyAttribute(name: $0, type: .string) }, sorts: [])
    return select.condition.keys(schema)?.partitions.count
  }

  @Test(.timeLimit(.minutes(1)), arguments: [(40, 2), (140, nil)])
  func `a clause is searched for keys once, however deep it is`(depth: Int, found: Int?) throws {
    let clause = statement("(", "pk = 'a'", " OR pk = 'b')", depth, before: "SELECT * FROM T WHERE ")
    #expect(try partitions(clause, "pk") == found)
  }

  @Test(arguments: [(1, 50, 50), (7, 7, 49), (50, 1, 50), (1, 51, nil), (51, 1, nil), (8, 7, nil), (500, 500, nil)])
  func `up to 50 partition keys are read through the key`(first: Int, second: Int, found: Int?) throws {
    let list = { (count: Int) in (0..<count).map { "'\($0)'" }.joined(separator: ",") }
    let text = "SELECT * FROM T WHERE a IN (\(list(first))) AND b IN (\(list(second)))"
    #expect(try partitions(text, "a", "b") == found)
  }

  @Test func `sums and lists put together go to a depth`() {
    let tail = " WHERE pk = 'a'"
    #expect(isRead(statement("+1", "", "", 200, before: "UPDATE T SET x = 1", after: tail)))
    #expect(!isRead(statement("+1", "", "", 4000, before: "UPDATE T SET x = 1", after: tail)))
    #expect(isRead(statement("list_append(l, ", "[1]", ")", 100, before: "UPDATE T SET l = ", after: tail)))
    #expect(!isRead(statement("list_append(l, ", "[1]", ")", 400, before: "UPDATE T SET l = ", after: tail)))
  }
}

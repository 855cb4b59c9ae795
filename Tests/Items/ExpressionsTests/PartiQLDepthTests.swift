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
  }

  @Test func `sums and lists put together go to a depth`() {
    let tail = " WHERE pk = 'a'"
    #expect(isRead(statement("+1", "", "", 200, before: "UPDATE T SET x = 1", after: tail)))
    #expect(!isRead(statement("+1", "", "", 4000, before: "UPDATE T SET x = 1", after: tail)))
    #expect(isRead(statement("list_append(l, ", "[1]", ")", 100, before: "UPDATE T SET l = ", after: tail)))
    #expect(!isRead(statement("list_append(l, ", "[1]", ")", 400, before: "UPDATE T SET l = ", after: tail)))
  }
}

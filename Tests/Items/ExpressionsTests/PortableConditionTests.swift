import DynamoModel
import Expressions
import Testing

/// Conditions of pipeline files as requests carry them.
@Suite struct PortableConditionTests {
  @Test func `names and literals are moved out, and values stay by their names`() throws {
    let condition = try PortableCondition(
      pipeline: "state = 'open' AND (version < :next OR NOT version IN (1, :next)) AND attribute_not_exists(state)")
    #expect(
      condition.text
        == "#n0 = :0l0 AND (#n1 < :next OR NOT #n1 IN (:0l1, :next)) AND attribute_not_exists(#n0)")
    #expect(condition.names.map(\.name) == ["state", "version"])
    #expect(condition.literals.map(\.value) == [.string("open"), .number(Number(1))])
    #expect(condition.values == ["next"])
  }

  /// Each as the pipeline's own grammar reads it, and as a server reads what is sent.
  @Test(arguments: [
    "a = 1", "a <> 'x' OR b > 2 AND c = true", "(a = 1 OR b = 2) AND c = false", "NOT (a = 1 AND b = 2)", "NOT NOT a = 1",
    "a BETWEEN 0 AND 2", "b IN (1, 'x', null)", "size(c) > 1", "contains(c, 'x')", "begins_with(s, 'ab')",
    "attribute_type(s, 'S')",
    "attribute_exists(m.x[1])", "m.x[0] = 7", "m[\"odd name\"] = 'it''s'", "order = 3 AND size = 4 AND m.size = 5",
  ])
  func `what is sent holds where the condition does`(text: String) throws {
    let own = try ConditionExpression(pipeline: text)
    let sent = try PortableCondition(pipeline: text)
    var values = Item()
    for (placeholder, value) in sent.literals { values[placeholder] = value }
    let read = try PortableCondition.evaluator(sent.text, names: sent.names, values: values)
    let numbers: [AttributeValue?] = [nil, .number(Number(1)), .number(Number(3)), .string("x"), .bool(true)]
    var held = 0
    for a in numbers {
      for b in numbers {
        for c in [AttributeValue?.none, .list([.string("x"), .string("y")]), .bool(false), .bool(true)] {
          var item: Item = [
            "s": .string("abc"), "order": .number(Number(3)), "size": .number(Number(4)),
            "m": .map(["x": .list([.number(Number(7)), .null]), "odd name": .string("it's"), "size": .number(Number(5))]),
          ]
          (item["a"], item["b"], item["c"]) = (a, b, c)
          #expect(own.evaluate(on: item) == read.evaluate(on: item), "\(sent.text) of \(item)")
          held += own.evaluate(on: item) ? 1 : 0
        }
      }
    }
    #expect(held > 0, "\(text) never holds: it shows nothing")
  }

  @Test func `values may be of any type`() throws {
    for text in [
      "n BETWEEN 1 AND :n AND begins_with(s, :s)", "size(:l) > 1", ":a IN (1, 'x', :b)", "contains(:l, :a)", ":a = :a",
    ] {
      if text == ":a = :a" {
        #expect(throws: ExpressionError.self) { try PortableCondition(pipeline: text) }
      } else {
        #expect(try !PortableCondition(pipeline: text).values.isEmpty)
      }
    }
  }

  @Test(arguments: [
    ("a = :", 4), ("a == 1", 3), ("nope(a)", 0), ("", 0), ("attribute_exists(:x)", 0), ("a BETWEEN 2 AND 1", 2), ("1 < true", 2),
  ])
  func `an error says where it is`(text: String, offset: Int) {
    do throws(ExpressionError) {
      _ = try PortableCondition(pipeline: text)
      Issue.record("\(text) was taken")
    } catch {
      #expect(error.offset == offset, "\(text): \(error)")
    }
  }
}

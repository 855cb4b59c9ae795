import DynamoModel
import Expressions
import Testing

@Suite struct PipelineConditionTests {
  @Test(arguments: [
    "new.state = 'closed'", #"new.state = "closed""#, "new.n > 1.5e0", "new.n = +2", "new.low < -1", "new.flag = true",
    "new.none = null",
    "attribute_exists(new.size)", "new.size = 3", #"new["odd name"] = 'it''s'"#, "new.list[0] IN (1, 'x')", "_private = 1",
    "NOT new.flag = false", "begins_with(new.state, 'clo') AND new.n BETWEEN 1 AND 3", "new.true = 7",
  ])
  func `a condition with literals holds`(text: String) throws {
    let new = try item(
      """
      {"state":{"S":"closed"},"n":{"N":"2"},"low":{"N":"-5"},"flag":{"BOOL":true},"none":{"NULL":true},"size":{"N":"3"},
       "odd name":{"S":"it's"},"list":{"L":[{"S":"x"}]},"true":{"N":"7"}}
      """)
    let condition = try ConditionExpression(pipeline: text)
    let held = condition.evaluate { path in
      switch path.root {
      case "new": path.rest?.value(in: new)
      case "_private": .number(Number(1))
      default: nil
      }
    }
    #expect(held)
  }

  @Test func `paths are listed once and in order`() throws {
    let condition = try ConditionExpression(pipeline: "new.a = 1 AND (old.b[2].c = new.a OR size(old.d) > 2)")
    #expect(condition.paths.map(\.description) == ["[new, a]", "[old, b, [2], c]", "[old, d]"])
  }

  @Test(arguments: [
    ("new.a == 1", 7), ("new.a = ", 8), ("new.a = :v", 8), ("nope(new.a)", 0), ("new.a = 'open", 8), ("", 0),
    ("new.a = 1 extra", 10),
  ])
  func `an error says where it is`(text: String, offset: Int) {
    do throws(ExpressionError) {
      _ = try ConditionExpression(pipeline: text)
      Issue.record("\(text) was taken")
    } catch {
      #expect(error.offset == offset, "\(text): \(error)")
    }
  }
}

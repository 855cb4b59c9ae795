import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

@Suite struct QueryParameterTests {
  static func parameter(_ text: String) throws -> QueryParameter {
    let pipeline = try PipelineLoader.load(
      text: Array(
        "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\nqueries:\n  q:\n    params: { x: \(text) }\n    sql: SELECT :x AS x\n"
          .utf8),
      file: "p.yaml")
    return try #require(pipeline.queries[0].parameters.first)
  }

  @Test(arguments: [
    ("integer 1..100 = 10", nil, Value.integer(10)), ("integer 1..100 = 10", "100", .integer(100)),
    ("integer -5..5", "-5", .integer(-5)),
    ("string", "", .string("")), ("string optional", nil, .null), ("boolean = true", nil, .boolean(true)),
    ("timestamp", "2026-01-01", .timestamp(1_767_225_600_000_000)), ("string = 'it''s'", nil, .string("it's")),
  ])
  func `a text becomes the value of its type`(type: String, given: String?, value: Value) throws {
    #expect(try Self.parameter(type).value(given) == value)
  }

  @Test(arguments: [
    ("integer 1..100", "0", "parameter `x` is less than 1"), ("integer 1..100", "101", "parameter `x` is greater than 100"),
    ("integer", "1.5", "parameter `x` 1.5 is not a whole number of 64 bits"),
    ("integer", "ten", "parameter `x` `ten` is not a number"),
    ("string", nil, "parameter `x` is missing"), ("boolean", "1", "parameter `x` `1` is neither true nor false"),
    ("timestamp", "today", "parameter `x` `today` is not a timestamp"),
  ])
  func `a wrong one is refused with the reason`(type: String, given: String?, reason: String) throws {
    let parameter = try Self.parameter(type)
    let error = #expect(throws: ParameterError.self) { try parameter.value(given) }
    #expect(error?.description == reason)
  }
}

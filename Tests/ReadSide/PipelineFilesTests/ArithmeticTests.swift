import DynamoModel
import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

/// Arithmetic in fields: types, exactness, what does not fit, and times that are moved.
@Suite struct ArithmeticTests {
  private static func value(_ field: String, _ text: String) throws -> String {
    try AnyTypeTests.value("{ from: \"\(field)\" }", .number(Number(text)))
  }

  @Test(arguments: [
    ("X + 1", "2.5", "decimal 3.5"), ("X * X - X / 4", "2", "decimal 3.5"), ("(X + 1) * 2", "3", "decimal 8"),
    ("X + 1 * 2", "3", "decimal 5"),
    ("X - 1 - 1", "3", "decimal 1"), ("X -1", "3", "decimal 2"), ("X - -1", "3", "decimal 4"),
    ("X / 3", "1", "decimal 0.33333333333333333333333333333333333333"),
    ("1 + 2", "0", "integer 3"), ("7 / 2", "0", "decimal 3.5"), ("length(id) * 10", "0", "integer 10"),
    ("9223372036854775807 - 1", "0", "integer 9223372036854775806"),
    ("X / 0", "1", "dead letter: X: is divided by zero"),
    ("9223372036854775807 + length(id)", "0", "dead letter: +: gives a whole number that does not fit 64 bits"),
    ("X * 1000000", "1E+120", "dead letter: X: gives a number that does not fit 38 digits and the range of DynamoDB's numbers"),
  ])
  func `numbers are exact`(field: String, x: String, value: String) throws {
    #expect(try Self.value(field, x) == value)
  }

  @Test func `what is missing makes the result null`() throws {
    #expect(try AnyTypeTests.value("{ from: \"X + 1\", optional: true }", nil) == " null")
    #expect(try AnyTypeTests.value("{ from: \"X + 1\" }", nil) == "dead letter: X: is missing")
    #expect(try AnyTypeTests.value("{ from: \"X + 1\" }", .string("1")) == "dead letter: X: is of type S, not decimal")
  }

  @Test(arguments: [
    ("X * 2", "integer", "21", "integer 42"), ("X + 0.5", "decimal", "1", "decimal 1.5"), ("1 + 2", "decimal", "1", "decimal 3"),
    ("X + 1", "integer", "9223372036854775807", "dead letter: X: gives a whole number that does not fit 64 bits"),
  ])
  func `the type that is declared is that of the result`(field: String, type: String, x: String, value: String) throws {
    #expect(try AnyTypeTests.value("{ from: \"\(field)\", type: \(type) }", .number(Number(x))) == value)
  }

  @Test(arguments: [
    ("X + 30m", "timestamp(UTC)", "2026-01-01T10:00:00", "timestamp 2026-01-01T10:30:00.000000Z"),
    ("X - 1h30m", "timestamp(UTC)", "2026-01-01T10:00:00", "timestamp 2026-01-01T08:30:00.000000Z"),
    ("30m + X", "timestamp", "2026-01-01T10:00:00Z", "timestamp 2026-01-01T10:30:00.000000Z"),
    ("X + 1d - 1ms", "timestamp(Europe/Paris)", "2026-01-01T00:00:00", "timestamp 2026-01-01T22:59:59.999000Z"),
    ("X + 1s", "timestamp", "9999-12-31T23:59:59.5Z", "dead letter: X: gives a time outside the years 1 to 9999"),
    ("X - 1s", "timestamp", "0001-01-01T00:00:00Z", "dead letter: X: gives a time outside the years 1 to 9999"),
  ])
  func `a time is moved by a length of time`(field: String, type: String, x: String, value: String) throws {
    #expect(try AnyTypeTests.value("{ from: \"\(field)\", type: \(type) }", .string(x)) == value)
  }

  @Test(arguments: [
    ("X + 30m * 2", "a length of time is added to a time or taken away from one"),
    ("30m - X", "a length of time is added to a time"),
    ("30m + 30m", "a length of time is added to a time"),
    ("30m", "`30m` is a length of time, as `30m`, and a value is wanted here"),
    ("X + 'a'", "this is string, and arithmetic takes numbers"), ("X + lower(X)", "this is string, and arithmetic takes numbers"),
    ("X +", "a name, a text or a function is missing at the end"), ("(X + 1", "`)` is missing at the end"),
    ("3x", "`3x` is neither a number nor a length of time"),
    ("X * * 2", "a name, a text or a function is expected here, not `*`"),
    ("X + true", "this is boolean, and arithmetic takes numbers"),
    ("explode(A) + explode(B)", "this takes two lists apart: only one can be"),
  ])
  func `what is no arithmetic is refused`(field: String, message: String) {
    let findings = FindingsTests.findings(AnyTypeTests.text("{ from: \"\(field)\" }"))
    #expect(findings.contains { $0.message.contains(message) }, "\(findings)")
  }

  @Test func `a whole number is not made of a decimal`() {
    let findings = FindingsTests.findings(AnyTypeTests.text("{ from: \"X / 2\", type: integer }"))
    #expect(findings.contains { $0.message.contains("this is of type decimal, not integer") }, "\(findings)")
  }

  @Test func `it has as many operations as it may, and not more`() {
    func text(_ operations: Int) -> String {
      let sum = Array(repeating: "X", count: operations / 2 + 1).joined(separator: " + ")
      return AnyTypeTests.text("{ from: \"\(sum)\(String(repeating: " * 2", count: operations / 2))\" }")
    }
    #expect(FindingsTests.findings(text(64)).isEmpty)
    for count in [66, 200_000] {
      let findings = FindingsTests.findings(text(count))
      #expect(findings.map(\.message) == ["an expression has at most 64 operations"], "\(count)")
    }
  }

  @Test(arguments: [("X * 1E-3", "0.002"), ("X * 1e+2", "200"), ("X * 1E2-1", "199"), ("X -1E-1", "1.9"), ("1E-130 * X", "2")])
  func `a number may have an exponent`(field: String, value: String) throws {
    let pipeline = try EvaluationTests.load(AnyTypeTests.text("{ from: \"\(field)\", type: decimal }"))
    let image = try #require(pipeline.tables[0].matcher.image(of: ["PK": .string("i"), "X": .number(Number(2))]))
    let values = try pipeline.projections[0].sources[0].contributions(of: image, commit: nil)
    let expected = field.hasPrefix("1E-130") ? try Number("2E-130") : try Number(value)
    #expect(values.first?.contains(.decimal(expected)) == true, "\(values)")
  }

  @Test func `it nests as deep as other expressions, and not deeper`() {
    func text(_ depth: Int) -> String {
      AnyTypeTests.text("{ from: \"\(String(repeating: "(", count: depth))X\(String(repeating: ")", count: depth)) + 1\" }")
    }
    #expect(FindingsTests.findings(text(15)).isEmpty)
    #expect(FindingsTests.findings(text(16)).contains { $0.message.contains("nested too deep") })
  }
}

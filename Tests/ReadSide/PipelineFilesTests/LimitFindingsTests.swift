import Foundation
import PipelineFiles
import Pipelines
import Testing

/// Numbers, lengths of time and names at their limits and one past them: a finding, never a trap.
@Suite struct LimitFindingsTests {
  static func findings(_ old: String, _ new: String) -> [String] {
    FindingsTests.findings(FindingsTests.base.replacingOccurrences(of: old, with: new)).map(\.message)
  }

  @Test(arguments: [
    "99999999999h", "36525d1ms", "9223372036854775807ms", "99999999999999999999ms", "0s", "-1s", "1h-1m", "1.5h", "h", "1",
  ])
  func `a length of time that does not fit is a finding`(span: String) {
    for key in ["gap: 30m", "gap: 1h"] {
      #expect(Self.findings(key, "gap: \(span)").contains { $0.hasPrefix("`\(span)` is not a length of time") }, "\(span)")
    }
  }

  @Test func `a hundred years is the longest`() {
    #expect(Self.findings("gap: 30m", "gap: 36525d") == [])
  }

  @Test(
    arguments: [
      ("attempts: 0", "`attempts` has to be a whole number from 1 to 1000"), ("attempts: 1001", "`attempts` has to be"),
      ("attempts: 99999999999999999999", "`attempts` has to be"), ("first: 36500d", "`first` has to be from 1ms to 1d"),
      ("most: 1d1ms", "`most` has to be from 1ms to 1d"), ("first: 2m", "the first wait (`first`) is longer than the longest"),
      ("first: 1s, most: 999ms", "the first wait (`first`) is longer"), ("attempts: 1000, first: 1ms, most: 1d", nil),
    ] as [(String, String?)])
  func `retry has bounds`(retry: String, message: String?) {
    let findings = Self.findings("where: customer = :customer }", "where: customer = :customer }\n    retry: { \(retry) }")
    if let message {
      #expect(findings.count == 1 && findings[0].contains(message), "\(findings)")
    } else {
      #expect(findings == [])
    }
  }

  @Test(
    arguments: [
      ("0 boards", "`keep` takes a number from 1 to"), ("99999999999999999999 members", "`keep` takes a number from 1 to"),
      ("100000001 boards", "`keep` takes a number from 1 to"), ("-1 boards", "write `keep: 400 boards`"),
      ("+1 boards", "write `keep:"),
      ("[1 boards, 2 boards]", "`keep` says more than once"), ("[100000000 boards, 1 members]", nil),
    ] as [(String, String?)])
  func `keep has bounds`(keep: String, message: String?) {
    let findings = Self.findings("score: sum(total)", "score: sum(total)\n    keep: \(keep)")
    if let message {
      #expect(findings.count == 1 && findings[0].contains(message), "\(findings)")
    } else {
      #expect(findings == [])
    }
  }

  @Test(
    arguments: [
      ("integer 1..9223372036854775808", "the greatest value does not fit"),
      ("integer = -9223372036854775809", "the default does not fit"),
      ("integer = 1e20", "the default does not fit"), ("decimal = 1e999999999999", "is not a number"),
      ("timestamp = '0000-06-01'", "is not a timestamp"), ("timestamp = '10000-01-01'", "is not a timestamp"),
      ("integer -9223372036854775808..9223372036854775807 = null", nil), ("string = null", nil), ("integer 1..5 = null", nil),
    ] as [(String, String?)])
  func `parameters have the range of their type`(parameter: String, message: String?) {
    let findings = FindingsTests.findings(
      "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\nqueries: { q: { params: { x: \"\(parameter)\" }, sql: SELECT :x AS x } }\n"
    ).map(\.message)
    if let message {
      #expect(findings.count == 1 && findings[0].contains(message), "\(findings)")
    } else {
      #expect(findings == [])
    }
  }

  @Test func `a default of null is null, also in a range, and quoted it is a text`() throws {
    #expect(try QueryParameterTests.parameter("integer 1..5 = null").value(nil) == .null)
    #expect(try QueryParameterTests.parameter("string = null").value(nil) == .null)
    #expect(try QueryParameterTests.parameter("string = 'null'").value(nil) == .string("null"))
  }

  @Test func `partitions, tops and the elements of a path have bounds`() {
    for count in ["0", "-1", "99999999999999999999", "1e3", "4.0"] {
      #expect(
        Self.findings("    ttl: expires_at", "    ttl: expires_at\n    partitions: \(count)").contains {
          $0.contains("`partitions` has to be")
        })
      #expect(Self.findings("top: 3", "top: \(count)").contains { $0.contains("`top` has to be") })
    }
    #expect(
      Self.findings("state: State", "state: \"State[99999999999999999999]\"").contains { $0.contains("an index is expected") })
  }

  @Test(arguments: [
    ("    at: 0000-12-31T23:59:59Z\n", "is not a timestamp with a zone"),
    ("    at: 10000-01-01T00:00:00Z\n", "is not a timestamp"),
    ("    at: 9999-12-31T00:00:00Z\n  - advance: 36525d\n", "the clock would pass the year 9999"),
    ("    at: 2026-01-01T00:00:00Z\n    advance: 99999999999h\n", "is not a length of time"),
  ])
  func `a scenario's clock stays within the years 1 to 9999`(step: String, message: String) throws {
    let pipeline = try EvaluationTests.load(FindingsTests.base)
    let text = "test: x\nsteps:\n  -\(step.dropFirst(3))"
    let error = #expect(throws: PipelineError.self) {
      try ScenarioLoader.load(text: Array(text.utf8), file: "t.yaml", of: pipeline)
    }
    #expect(error?.findings.contains { $0.message.contains(message) } == true, "\(String(describing: error))")
  }

  @Test func `a name in SQL has at most 63 bytes, with what is added to it`() {
    func name(_ count: Int) -> String { String(repeating: "a", count: count) }
    #expect(Self.findings("  totals:", "  \(name(63)):") == [])
    #expect(
      Self.findings("  totals:", "  \(name(64)):").contains { $0.contains("has 64 bytes, and a name in SQL has at most 63") })
    #expect(Self.findings("pipeline: shop", "pipeline: \(name(64))").contains { $0.contains("cannot be a pipeline's name") })
    // `_sort` beside a decimal, and the names of indexes.
    let column = "columns: { spent: sum(total)"
    #expect(Self.findings(column, "columns: { \(name(58)): sum(total)") == [])
    #expect(
      Self.findings(column, "columns: { \(name(59)): sum(total)").contains {
        $0.contains("\(name(59))_sort`, which SQL needs here, has 64 bytes")
      })
    #expect(Self.findings("  visits:", "  \(name(53)):") == [])
    #expect(
      Self.findings("  visits:", "  \(name(54)):").contains {
        $0.contains("\(name(54))_by_status`, which SQL needs here, has 64 bytes")
      })
    #expect(Self.findings("  latest:", "  \(name(64)):").contains { $0.contains("cannot be a query's name") })
    #expect(Self.findings("{ customer: string,", "{ \(name(64)): string,").contains { $0.contains("has 64 bytes") })
  }

  @Test(arguments: [("c: C", 1), ("c: C decimal", 2)])
  func `a table has a greatest number of columns`(field: String, each: Int) throws {
    func findings(_ columns: Int) -> [String] {
      let names = (0..<columns).map { "c\($0)" }
      let fields = names.map { "\($0)\(field.dropFirst())" }.joined(separator: ", ")
      return FindingsTests.findings(
        """
        pipeline: wide
        tables: { Tab: { key: { partition: PK string } } }
        items: { row: { in: Tab, match: { PK: "{id}" }, fields: { \(fields) } } }
        projections: { rows: { collection: row, key: [id], columns: [\(names.joined(separator: ", "))] } }
        """
      ).map(\.message)
    }
    // The key, the item's key, `_at`, `_order` and `_position`.
    let most = (SQLTable.columnsMax - 5) / each
    #expect(findings(most) == [])
    #expect(
      findings(most + 1) == [
        "the table of `rows` has \(5 + each * (most + 1)) columns with those that are added to it, and a table has at most 400"
      ])
  }
}

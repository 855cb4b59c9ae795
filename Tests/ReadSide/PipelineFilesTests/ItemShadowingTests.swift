import PipelineFiles
import Pipelines
import Testing

/// Items that an earlier one leaves nothing for.
@Suite struct ItemShadowingTests {
  static func findings(_ earlier: String, _ later: String, when: String = "", key: String = "PK string") -> [String] {
    FindingsTests.findings(
      """
      pipeline: shadows
      tables: { Tab: { key: { partition: \(key), sort: SK string } } }
      items:
        one: { in: Tab, match: { \(earlier) }\(when) }
        two: { in: Tab, match: { \(later) } }

      """
    ).map(\.description)
  }

  @Test(arguments: [
    (#"PK: "U:{a}""#, #"PK: "U:{b}", SK: profile"#), (#"PK: "U:{a}", SK: "{s}""#, #"PK: "U:{b}", SK: "V:{n:integer}[#{t}]""#),
    (#"PK: "{a}""#, #"PK: "U:{b}/{c}""#), (#"PK: "{a}/{b}""#, #"PK: "U:{c}/x/{d}""#), (#"PK: "{a}""#, #"SK: x"#),
    (#"PK: "U:{n:integer}""#, #"PK: "U:42""#), (#"PK: "U:{n:integer}""#, #"PK: "U:{m:integer}""#),
    (#"PK: "U[s]:{a}""#, #"PK: "Us:{b}""#), (#"PK: "U[s]:{a}""#, #"PK: "U[s]:{b}""#), (#"PK: "U:{a}[#{b}]""#, #"PK: "U:{c}#x""#),
  ])
  func `an item of which every key fits an earlier one is never`(earlier: String, later: String) {
    #expect(
      Self.findings(earlier, later) == [
        "p.yaml:5:3: nothing is ever a `two`: every key that fits it fits `one`, which comes before it and has no `when`; put `two` first"
      ])
    #expect(Self.findings(earlier, later, when: ", when: x = 1") == [])
  }

  @Test(arguments: [
    (#"PK: "U:{a}", SK: profile"#, #"PK: "U:{b}""#), (#"PK: "U:{n:integer}""#, #"PK: "U:{b}""#),
    (#"PK: "U:{n:integer}""#, #"PK: "U:x""#),
    (#"PK: "U:{a}/{b}""#, #"PK: "U:{c}""#), (#"PK: "Us:{a}""#, #"PK: "U[s]:{b}""#),
    (#"PK: "U:{t:timestamp}""#, #"PK: "U:{t:timestamp(UTC)}""#),
    (#"PK: "{a}x""#, #"PK: "{b}y""#), (#"PK: "ab{a}""#, #"PK: "ab""#),
  ])
  func `an item that leaves something is none of these`(earlier: String, later: String) {
    #expect(Self.findings(earlier, later) == [])
  }

  @Test(.timeLimit(.minutes(1))) func `templates that could be laid over each other in very many ways are soon compared`() {
    let xs = String(repeating: "x", count: 200)
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"].map { "{\($0)}" }.joined(separator: "x")
    #expect(Self.findings("PK: \"\(names)y\"", "PK: \"\(xs)\"") == [])
  }
}

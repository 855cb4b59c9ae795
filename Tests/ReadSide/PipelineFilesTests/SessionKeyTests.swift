import Foundation
import PipelineFiles
import Pipelines
import Testing

/// Which session keys hold all records of a session in one lane, and which are refused with the reason.
@Suite struct SessionKeyTests {
  static func findings(
    pk: String = "U:{name}", sessions: String = "name", partitions: String = "", other: String = "",
    touch: String = "doc inserted",
    key: String = "PK string"
  ) -> [String] {
    let text = """
      pipeline: keys
      tables:
        Tab: { key: { partition: \(key), sort: SK string }\(partitions) }
        Log: { key: { partition: PK string, sort: SK string }\(partitions) }
      items:
        doc: { in: Tab, match: { PK: "\(pk)", SK: "{n}" }, fields: { low: lower(Nick), nick: Nick, whole: PK } }
      \(other)
      projections:
        visits: { sessions: \(sessions), touch: [\(touch)], gap: 1h, columns: { c: count } }

      """
    return FindingsTests.findings(text).map(\.description)
  }

  @Test(arguments: [
    ("U:{name}", "name", "PK string"), ("U:{team}/{name}", "[team, name]", "PK string"), ("all", "n", "PK string"),
    ("{name:integer}", "name", "PK number"), ("{name}", "name", "PK number"), ("{name:bytes}", "name", "PK bytes"),
    ("U[s]:{name}", "whole", "PK string"), ("U:{name:integer}", "whole", "PK string"),
  ])
  func `a key that holds the partition key as text is taken`(pk: String, sessions: String, key: String) {
    #expect(Self.findings(pk: pk, sessions: sessions, key: key) == [])
  }

  @Test(arguments: [
    ("U:{name:integer}", "name", "PK string", "`name` is integer in the partition key of `Tab`, and one value has several texts"),
    ("U:{name:timestamp(UTC)}", "name", "PK string", "`name` is timestamp in the partition key"),
    ("{name:timestamp(seconds)}", "name", "PK number", "`name` is timestamp in the partition key"),
    ("User[s]:{name}", "name", "PK string", "the partition key of `Tab` has optional parts in `doc`"),
    ("U:{name}[#{tail}]", "[name, tail]", "PK string", "the partition key of `Tab` has optional parts in `doc`"),
    ("U:{name}", "n", "PK string", "the key of these sessions does not hold the partition key of `Tab` (`name`)"),
    ("U:{name}", "{ who: lower(name) }", "PK string", "does not hold the partition key"),
    ("U:{name}", "{ who: \"coalesce(nick, name)\" }", "PK string", "does not hold the partition key"),
    ("U:{team}/{name}", "name", "PK string", "does not hold the partition key of `Tab` (`team`, `name`)"),
    ("U:{team}/{name}", "{ joined: \"concat(team, name)\" }", "PK string", "does not hold the partition key"),
  ])
  func `a key of which equal values may stand in two partitions is refused`(
    pk: String, sessions: String, key: String, reason: String
  ) {
    let findings = Self.findings(pk: pk, sessions: sessions, key: key)
    #expect(findings.count == 1 && findings[0].hasPrefix("p.yaml:9:3: ") && findings[0].contains(reason), "\(findings)")
    // In one partition every key is in one lane.
    #expect(Self.findings(pk: pk, sessions: sessions, partitions: ", partitions: 1", key: key) == [])
  }

  @Test func `two forms of one table's partition key are refused, one form of two items is taken`() {
    func findings(_ pk: String, _ partitions: String = "") -> [String] {
      Self.findings(
        partitions: partitions, other: "  buy: { in: Tab, match: { PK: \"\(pk)\", SK: \"{n}/x\" } }",
        touch: "doc inserted, buy inserted")
    }
    let shadowed = "nothing is ever a `buy`"
    #expect(findings("B:{name}").first?.contains("`doc` and `buy` write the partition key of `Tab` in two forms") == true)
    #expect(findings("B:{name}", ", partitions: 1") == [])
    #expect(findings("U:{name}").allSatisfy { $0.contains(shadowed) })
  }

  @Test func `records of two tables have no common order, however few partitions there are`() {
    for partitions in ["", ", partitions: 1"] {
      let findings = Self.findings(
        partitions: partitions, other: "  buy: { in: Log, match: { PK: \"U:{name}\", SK: \"{n}\" } }",
        touch: "doc inserted, buy inserted")
      #expect(findings.count == 1 && findings[0].contains("fed by two tables, `Tab` (`doc`) and `Log` (`buy`)"), "\(findings)")
    }
  }

  @Test func `an end in another table is refused as a touch is`() {
    let text = """
      pipeline: keys
      tables:
        Tab: { key: { partition: PK string, sort: SK string }, partitions: 1 }
        Log: { key: { partition: PK string, sort: SK string }, partitions: 1 }
      items:
        doc: { in: Tab, match: { PK: "U:{name}", SK: "{n}" } }
        bye: { in: Log, match: { PK: "Bye:{name}", SK: "{n}" } }
      projections:
        visits: { sessions: name, touch: doc inserted, end: bye inserted, gap: 1h }

      """
    #expect(FindingsTests.findings(text).map(\.message).contains { $0.contains("fed by two tables") })
  }

  @Test func `a session that is an item is named by the item's whole key`() {
    func findings(_ key: String) -> [String] {
      FindingsTests.findings(
        """
        pipeline: keys
        tables: { Tab: { key: { partition: PK string, sort: SK string }, partitions: 1 } }
        items:
          login: { in: Tab, match: { PK: "S:{id}", SK: "C:{customer}" }, fields: { seen: Seen } }
        projections:
          live: { session: login, \(key)touch: changed(seen), gap: 1h }

        """
      ).map(\.description)
    }
    #expect(
      findings("key: [customer], ") == [
        "p.yaml:6:32: a session that is an item is named by the item's whole key: add `id` to `key`, or several `login` items would be one session"
      ])
    #expect(findings("key: [customer, id], ") == [])
    #expect(findings("") == [])
  }

  @Test(arguments: [("name", false), ("nick", true), ("[nick, name]", false)])
  func `sessions of a live group are the decider's unless the group holds the partition key`(group: String, isDeciders: Bool)
    throws
  {
    let text = """
      pipeline: keys
      tables: { Tab: { key: { partition: PK string } } }
      items:
        doc: { in: Tab, match: { PK: "U:{name}" }, fields: { nick: Nick } }
      projections:
        live: { session: doc, one live per: \(group), gap: 1h }

      """
    let pipeline = try EvaluationTests.load(text)
    guard case .sessions(let sessions) = pipeline.projections[0].kind else { return }
    #expect(sessions.isFoldedByDecider == isDeciders)
    let one = try EvaluationTests.load(
      text.replacingOccurrences(of: "partition: PK string }", with: "partition: PK string }, partitions: 1"))
    guard case .sessions(let alone) = one.projections[0].kind else { return }
    #expect(!alone.isFoldedByDecider)
  }
}

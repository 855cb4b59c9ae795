import PipelineFiles
import Pipelines
import Testing

/// What sessions by event time and splits take, and what they refuse.
@Suite struct TimedSessionFindingsTests {
  static func text(_ rules: String, other: String = "") -> String {
    """
    pipeline: p
    parameters: { late: 10m }
    tables: { Tab: { key: { partition: PK, sort: SK } } }
    items:
      bye: { in: Tab, match: { PK: "U:{name}", SK: bye }, fields: { sent: Sent string } }
      note: { in: Tab, match: { PK: "U:{name}", SK: "n:{n}" } }
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { sent: Sent timestamp(UTC) optional, room: Room optional, tag: explode(Tags) optional } }
    projections:
      s: { sessions: name, touch: [play inserted, play changed], \(rules) }
      z: { sessions: name, touch: note inserted, gap: $late }
    \(other)

    """
  }

  @Test(arguments: [
    "gap: 1h, time: sent, lateness: $late", "max: 1h, time: sent, lateness: 0s, ahead: 0s",
    "cut: midnight, time: sent - 1h, lateness: 36525d, ahead: 1ms", "gap: 1h, time: sent, lateness: 1m, end: play removed",
    "gap: 1h, time: sent, lateness: 1m, end: [play removed, note expired, play changed(room)]",
    "gap: 1h, split when: old.room <> new.room", "gap: 1h, split when: room = 'a', one live per: room",
    "gap: 1h, time: commit, lateness: 1m",
  ])
  func `sessions by event time take what they say`(rules: String) {
    #expect(FindingsTests.findings(Self.text(rules)) == [])
  }

  @Test(arguments: [
    ("gap: 1h, time: sent", 77, "`time` needs `lateness`"),
    ("gap: 1h, lateness: 1m", 81, "`lateness` is about the `time` of the touches: add `time: ...`"),
    ("gap: 1h, ahead: 1m", 78, "`ahead` is about the `time` of the touches"),
    ("end: play removed, time: sent, lateness: 1m", 87, "need `gap`, `max` or `cut`"),
    ("gap: 1h, time: sent, lateness: x", 93, "`x` is not a length of time"),
    ("gap: 1h, time: sent, lateness: 36526d", 93, "is not a length of time"),
    ("gap: 1h, time: room, lateness: 1m", 77, "string"),
    ("gap: 1h, time: snet, lateness: 1m", 77, "snet"),
    ("gap: 1h, time: tag, lateness: 1m", 77, "string"),
    ("gap: 1h, time: sent, lateness: 1m, one live per: room", 111, "cannot supersede each other"),
    ("gap: 1h, time: sent, lateness: 1m, end: note inserted", 77, "sent"),
    ("gap: 1h, time: sent, lateness: 1m, end: bye inserted", 77, "string"),
    ("gap: 1h, split when: tag = 'a'", 83, "tag"),
    ("gap: 1h, split when: 1", 84, "the condition cannot be read"),
  ])
  func `what does not fit is refused with its place`(rules: String, column: Int, reason: String) {
    let findings = FindingsTests.findings(Self.text(rules))
    #expect(findings.count >= 1 && findings[0].line == 9 && findings[0].message.contains(reason), "\(findings)")
    #expect(findings.first?.column == column, "\(findings)")
  }

  @Test(arguments: ["time: sent", "lateness: 1m", "ahead: 1m", "split when: old.room <> new.room"])
  func `other projections have no time of their own`(key: String) {
    for projection in ["session: play, gap: 1h", "collection: play, key: [name, n]", "history: play"] {
      let findings = FindingsTests.findings(Self.text("gap: 1h", other: "  o: { \(projection), \(key) }"))
      #expect(
        findings.count == 1 && findings[0].message.hasPrefix("only sessions that touches make (`sessions: ...`)"), "\(findings)")
    }
  }

  @Test func `show says the time, how late a touch may be, and what splits`() throws {
    let pipeline = try EvaluationTests.load(
      Self.text("gap: 1h, time: sent, lateness: 10m, ahead: 1m, split when: old.room <> new.room"))
    let text = pipeline.sentence(pipeline.projections[0])
    #expect(text.contains("A touch for which old.room <> new.room ends it, and begins the next."), "\(text)")
    #expect(
      text.contains(
        "A touch counts at Sent, if that is at most 1m later than its commit; until 10m after its end a session may be corrected"),
      "\(text)")
  }
}

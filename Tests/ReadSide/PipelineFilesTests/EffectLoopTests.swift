import PipelineFiles
import Testing

/// Effects that set themselves off.
@Suite struct EffectLoopTests {
  private static func findings(_ effects: String) -> [String] {
    FindingsTests.findings(
      """
      pipeline: p
      tables:
        Tab: { key: { partition: PK, sort: SK } }
        Num: { key: { partition: n number } }
      items:
        task: { in: Tab, match: { PK: "T:{id}", SK: "{at:timestamp}" }, fields: { state: State optional, n: N integer optional, who: explode(Who) optional, due: Due timestamp(seconds) optional } }
        other: { in: Tab, match: { PK: "O:{id}", SK: x }, fields: { state: State optional } }
        some: { in: Tab, match: { PK: "S:{id}", SK: x }, fields: { state: State optional }, when: State <> 'z' }
        number: { in: Num, match: { n: "{n:integer}" }, fields: { a: A optional } }
      projections:
        tasks: { collection: task, key: [id, at] }
      effects:
      \(effects)
      """
    ).map { "\($0.line):\($0.column): \($0.message)" }
  }

  @Test(arguments: [
    // Another item of the same kind, and another after that.
    "e: { each: task inserted, put: { table: Tab, item: { PK: 'T:{id}x', SK: at } } }",
    "e: { each: other inserted, update: { table: Tab, key: { PK: 'O:{id}{id}', SK: 'x' }, set: { State: 'a' } } }",
    // The item itself, never the same.
    "e: { each: task changed, update: { table: Tab, key: { PK: 'T:{id}', SK: at }, set: { State: '{state}x' } } }",
    "e: { each: 'task changed(state)', update: { table: Tab, key: { PK: 'T:{id}', SK: at }, set: { State: commit } } }",
    "e: { each: other changed, put: { table: Tab, item: { PK: 'O:{id}', SK: 'x', State: '{commit}', Seen: state } } }",
    "e: { each: task added(who), update: { table: Tab, key: { PK: 'T:{id}', SK: at }, set: { Who: ['{who}x'] } } }",
    "e: { each: number changed, update: { table: Num, key: { n: n }, set: { A: commit } } }",
  ])
  func `what certainly never ends is refused`(effect: String) {
    #expect(
      Self.findings("  \(effect)") == [
        "13:3: `e` sets itself off, for ever: what it writes is what it waits for. Let a `when` end it"
      ])
  }

  @Test func `effects that set one another off are named together`() {
    let two =
      "  a: { each: task inserted, put: { table: Tab, item: { PK: 'O:{id}x', SK: 'x' } } }\n  b: { each: other inserted, put: { table: Tab, item: { PK: 'T:{id}', SK: '2026-01-01T00:00:00Z' } } }"
    #expect(Self.findings(two) == ["13:3: `a` and `b` set one another off, for ever. Let a `when` end it"])
    let beside = two + "\n  c: { each: task inserted, put: { table: Tab, item: { PK: 'X', SK: 'x' } } }"
    #expect(Self.findings(beside).count == 1)
  }

  @Test(arguments: [
    // It comes to rest: the same again leaves no record.
    "e: { each: task changed, update: { table: Tab, key: { PK: 'T:{id}', SK: at }, set: { State: 'seen' } } }",
    "e: { each: task changed, update: { table: Tab, key: { PK: 'T:{id}', SK: at }, set: { State: upper(id), Due: null } } }",
    "e: { each: task inserted, put: { table: Tab, item: { PK: 'T:all', SK: '2026-01-01T00:00:00Z', State: commit } } }",
    // Another change than it waits for, or another item.
    "e: { each: task inserted, update: { table: Tab, key: { PK: 'T:{id}', SK: at }, set: { State: commit } } }",
    "e: { each: 'task changed(n)', update: { table: Tab, key: { PK: 'T:{id}', SK: at }, set: { State: commit } } }",
    "e: { each: task removed, put: { table: Tab, item: { PK: 'T:{id}', SK: at } } }",
    "e: { each: task changed, put: { table: Num, item: { n: 1, A: commit } } }",
    "e: { each: task changed, put: { table: Tab, item: { PK: 'O:{id}', SK: 'x', State: commit } } }",
    // A condition may end it.
    "e: { each: { change: task changed, when: n < 3 }, update: { table: Tab, key: { PK: 'T:{id}', SK: at }, set: { State: commit } } }",
    "e: { each: task changed, update: { table: Tab, key: { PK: 'T:{id}', SK: at }, set: { State: commit }, when: n < 3 } }",
    "e: { each: some changed, update: { table: Tab, key: { PK: 'S:{id}', SK: 'x' }, set: { State: commit } } }",
    "e: { each: task changed, webhook: { url: 'https://h/', body: 1 } }",
  ])
  func `what may end is taken`(effect: String) { #expect(Self.findings("  \(effect)") == []) }
}

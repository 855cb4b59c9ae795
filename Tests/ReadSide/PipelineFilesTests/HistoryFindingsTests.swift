import PipelineFiles
import Pipelines
import Testing

/// What a history takes and what it refuses.
@Suite struct HistoryFindingsTests {
  static func text(_ history: String, table: String = "") -> String {
    """
    pipeline: p
    parameters: { days: 7d, most: 5 }
    tables: { Tab: { key: { partition: PK, sort: SK }, private: [secret]\(table) } }
    items:
      task:
        in: Tab
        match: { PK: "T:{id}", SK: "{part}" }
        fields: { state: State optional, n: N integer, j: J json, tag: explode(Tags) optional, member: explode(Members), all_tags: Tags json optional }
    projections:
      tasks: { collection: task, key: [id] , columns: [{ least: \"coalesce(n, $most)\" }], when: n <> $most }
      gone: { sessions: [id], touch: task inserted, gap: $days }
      moves: { \(history) }

    """
  }

  @Test(arguments: [
    "history: task",
    "history: task, each: [inserted, \"changed(state, N)\", removed, expired], columns: { a: old.state, b: new.n }",
    "history: task, each: { change: changed, when: new.n > old.n }, key: [state], keep: 7d",
    "history: task, each: \"added(tag), removed(Tags)\", columns: [tag], keep: [$most, $days]",
    "history: task, each: added(all_tags), key: [id], columns: [tag, state], keep: 3", "history: task, each: task inserted",
    "history: task, each: \"removed(member)\", when: member <> 'a'",
  ])
  func `a history takes what it says`(history: String) {
    #expect(FindingsTests.findings(Self.text(history)) == [])
  }

  @Test(arguments: [
    ("history: tsak", "there is no item `tsak`; did you mean `task`?"),
    ("history: task, each: other inserted", "there is no item `other`"),
    ("history: task, each: insreted", "`insreted` is not a change of an item; did you mean `inserted`?"),
    ("history: task, each: added", "`added` is not a change of an item"),
    ("history: task, each: added()", "a name is expected here"),
    ("history: task, each: added(secret)", "`secret` is private"),
    ("history: task, each: added(n), columns: [n]", ""),
    ("history: task, each: added(id)", "`id` is not a list of `task`"),
    ("history: task, each: [inserted, added(tag)]", "a history is of changes or of the elements of one list"),
    (
      "history: task, each: [added(tag), removed(member)]",
      "a history is of the elements of one list, and these are two, `Tags` and `Members`"
    ),
    (
      "history: task, each: added(tag), columns: [member]",
      "this is an element of `Members`, and the rows are of elements of `Tags`"
    ),
    ("history: task, each: added(tag), when: member = 'a'", "the condition is about an element of `Members`"),
    ("history: task, columns: [tag]", "this reads elements of `Tags`: a history of them is `each: added(Tags)`"),
    ("history: task, each: added(tag), key: [tag]", "`tag` is an element of the list, which a row of event `rewritten` has not"),
    ("history: task, key: [j]", "`j` is json, which cannot be compared and so cannot be a key"),
    ("history: task, key: []", "a history needs a key of at least one column"),
    ("history: task, columns: [{ time: n }]", "`time` is a column of its own here"),
    ("history: task, columns: [{ cause: n }]", "`cause` is a column of its own here"),
    ("history: task, columns: [old.state]", "a column needs a name here: write `{ name: old.state }`"),
    ("history: task, columns: [state, state]", "there are two columns `state`"),
    ("history: task, columns: [id]", "there are two columns `id`"),
    ("history: task, keep: 0", "`keep` takes a number from 1 to"),
    (
      "history: task, keep: many",
      "write `keep: 100` (rows of each key) or `keep: 90d` (by their age), or a list of both, not `many`"
    ),
    ("history: task, keep: 0s", "write `keep: 100` (rows of each key) or `keep: 90d`"),
    ("history: task, keep: [3, 4]", "`keep` says more than once how many rows of a key are kept"),
    ("history: task, keep: [3d, 4d]", "`keep` says more than once how long rows are kept"),
    (
      "history: task, key: [part], keep: 3",
      "`keep` counts the rows of a key, and the key of this history does not hold the partition key of `Tab` (`id`)"
    ),
    ("history: task, zone: Europe/Paris", "`zone` has no effect here"),
    ("history: task, of: task", "a projection has no key `of`"),
    ("aggregate: [id], each: task added(tag), columns: { c: count }", "only a history (`history: ...`) is of the elements"),
    ("sessions: [id], touch: \"task removed(tag)\", gap: 1h", "only a history (`history: ...`) is of the elements"),
  ])
  func `what a history cannot do is refused`(history: String, message: String) {
    let found = FindingsTests.findings(Self.text(history))
    if message.isEmpty {
      // A number may be a list in the next record: it is a dead letter where it is not.
      #expect(found == [])
    } else {
      #expect(found.contains { $0.message.contains(message) && $0.line == 12 }, "\(found)")
    }
  }

  @Test func `a table of one partition counts rows of any key`() {
    #expect(FindingsTests.findings(Self.text("history: task, key: [part], keep: 3", table: ", partitions: 1")) == [])
  }

  @Test func `what it does is said in a sentence`() throws {
    func sentence(_ history: String) throws -> String {
      let pipeline = try EvaluationTests.load(Self.text(history))
      return pipeline.sentence(pipeline.projections[2])
    }
    #expect(
      try sentence("history: task, each: changed(state), columns: { was: old.state, state: state }, keep: [5, 7d]")
        == "a row each time that a task changes in State, by id and part, with was (the old State) and state (State); nothing that happens later undoes it. The latest 5 rows of each id and part are kept. A row goes when it is older than 7d, by the log's clock."
    )
    #expect(
      try sentence("history: task, each: [added(tag), removed(tag)], when: tag <> 'a', key: [state], columns: [tag]")
        == "a row for each element that a change of a task added to Tags (when tag <> 'a') or removed from Tags (when tag <> 'a'), and one of event rewritten for a list that does not go on where it ended, by state, with tag (an element); nothing that happens later undoes it. What has no state is left out."
    )
  }

  @Test func `its table has a row for each position, in order by key`() throws {
    let pipeline = try EvaluationTests.load(Self.text("history: task, each: added(tag), columns: [tag, n], keep: 7d"))
    let table = pipeline.projections[2].table
    #expect(
      table.columns.map { "\($0.name)\($0.isNullable ? "?" : "")" } == [
        "id", "part", "time", "event", "cause", "ordinal", "tag?", "n", "_at", "_order", "_position",
      ])
    #expect(table.primaryKey == [10, 3, 5])
    #expect(table.indexes.map(\.name) == ["moves_by_key", "moves_by_age"])
    #expect(table.indexes[0].columns.map(\.column) == [0, 1, 2, 9, 5, 3])
    let whole = try EvaluationTests.load(Self.text("history: task")).projections[2]
    #expect(whole.table.primaryKey == [7] && whole.table.columns.count == 8 && !whole.isOverItems)
  }
}

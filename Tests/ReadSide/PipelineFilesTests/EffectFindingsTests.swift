import PipelineFiles
import Pipelines
import Testing

/// What effects take and what they refuse.
@Suite struct EffectFindingsTests {
  static func text(_ effect: String) -> String {
    """
    pipeline: p
    parameters: { most: 5, whom: "ops@x.org", idle: 30m, site: "https://h/x", whose: t }
    tables:
      Tab: { key: { partition: PK, sort: SK }, private: [secret] }
      Num: { key: { partition: n number } }
    items:
      task:
        in: Tab
        match: { PK: "T:{id}", SK: "{part}" }
        fields: { state: State optional, n: N integer, j: J json, tag: explode(Tags) optional, at: At timestamp optional, members: Members json optional }
    projections:
      tasks: { collection: task, key: [id], columns: [n], when: n <> $most AND state <> $whom AND state <> $site AND state <> $whose }
      live: { sessions: [id], touch: task inserted, gap: $idle, columns: { c: count, n: last(n) } }
      best: { leaderboard: id, each: task inserted, board: [state, month of commit], score: sum(n) }
      always: { leaderboard: id, of: task, score: sum(n) }
      states: { aggregate: [state], of: task, columns: { members_now: count, total: sum(n), newest: max(at) } }
    effects:
      e: { \(effect) }

    """
  }

  private static let hook = "webhook: { url: 'https://h/', body: {} }"

  @Test(arguments: [
    "each: task inserted, \(hook)", "each: { change: 'task changed(state)', when: old.n < new.n }, \(hook)",
    "each: task added(tag), mail: { to: tag, subject: 'x {tag}', text: '{state}' }",
    "each: task removed(Tags), mail: { to: $whom, subject: s, text: t }", "each: task added(members), \(hook)",
    "each: live expired, \(hook), idempotency key: [id, started_at], order by: id, per hour: 3, retry: { attempts: 2 }",
    "each: best closed, topic: { name: a.B_c-1, key: '{state}/{month}', value: { at: closed_at, most: $most } }",
    "each: task inserted, put: { table: Num, item: { n: n, a: { b: [1, state] } }, when: 'attribute_not_exists(n) OR n < :n' }",
    "each: task removed, update: { table: Tab, key: { PK: 'X', SK: at }, set: { a: $most, secret: 'x' }, when: 'secret = :state' }",
    "each: task changed, webhook: { url: 'http://h:8/{id}/{coalesce(state, id)}', headers: { X-A: '{n}' }, body: [old.state, new.state, commit] }",
    "each: task inserted, webhook: { url: 'https://h/', body: 'a \\{ {n} \\}' }",
    "each: task inserted, delete: item, order by: id",
    "each: states, when: members_now >= 10, delete: { rows: tasks, where: n = :total }",
    "each: states, when: members_now >= $most AND total < 7, webhook: { url: 'https://h/', body: [state, newest] }, idempotency key: state",
    "each: task inserted, webhook: { url: $site, body: 1 }", "each: task inserted, topic: { name: $whose, value: 1 }",
    "each: task inserted, put: { table: Tab, item: { PK: 'a', SK: 'b' }, when: 'n BETWEEN 1 AND :n AND begins_with(s, :state)' }",
  ])
  func `an effect takes what it says`(effect: String) { #expect(FindingsTests.findings(Self.text(effect)) == []) }

  @Test(arguments: [
    ("each: task inserted", "an effect does one of `delete`, `put`, `update`, `webhook`, `topic`, `mail`"),
    (
      "each: task inserted, delete: item, webhook: §{ url: 'https://h/', body: {} }",
      "an effect does one thing, and this does `delete` too"
    ),
    ("\(hook)", "an effect needs `each`"),
    ("each: task §insreted, \(hook)", "`insreted` is not a change of an item; did you mean `inserted`?"),
    ("each: §'task inserted, task removed', \(hook)", "an effect has one trigger"),
    ("each: §task added(id), \(hook)", "`id` is not a list of `task`"),
    ("each: §always closed, \(hook)", "the boards of `always` have no calendar period, so they never close"),
    ("each: §live started, \(hook)", "say what happened to the session"),
    ("each: live expired, when: §n = 1, \(hook)", "an effect of a session takes no `when`"),
    (
      "each: task inserted, delete: item, per hour: §3",
      "a deletion ends by itself, and is carried out once: it takes no `per hour`"
    ),
    ("each: task inserted, delete: item, idempotency key: §id", "it takes no `idempotency key`"),
    ("each: task inserted, \(hook), per hour: §0", "`per hour` has to be a whole number from 1 to 1000000, not `0`"),
    ("each: task inserted, \(hook), order by: §stat", "task has no field `stat`"),
    ("each: §states, \(hook)", "of an aggregate a condition turns true: write `each: states` and `when:` with the condition"),
    ("each: §states changed, when: total > 1, \(hook)", "of an aggregate a condition turns true"),
    ("each: states, when: §totl > 1, \(hook)", "`states` has no column `totl`; did you mean `total`?"),
    ("each: states, when: §total.x > 1, \(hook)", "`states` has no column `total.x`"),
    ("each: states, when: total >§, \(hook)", "the condition cannot be read"),
    ("each: states, when: total > 1, delete: §item", "a row of an aggregate is not an item"),
    ("each: states, when: total > 1, webhook: { url: 'https://h/', body: §nn }", "the rows of `states` have no column `nn`"),
    ("each: task inserted, webhook: { url: §$most, body: 1 }", "`$most` is a number, and a text takes a text"),
    ("each: §tasks, when: n > 1, \(hook)", "`tasks` is a collection or history"),
    ("each: task inserted, \(hook), order by: §'id'", "`order by` is made of values of the transition, and this is a text"),
    ("each: live expired, \(hook), idempotency key: §idd", "the sessions of `live` have no column `idd`; did you mean `id`?"),
    ("each: live expired, \(hook), order by: §lower(id)", "of the sessions of `live` only columns can be named here"),
    ("each: best closed, topic: { name: t, value: §member }", "the boards of `best` have no column `member`"),
    ("each: best closed, topic: { name: t, value: §_at }", "the boards of `best` have no column `_at`"),
    ("each: task inserted, topic: { name: t, value: §secret }", "task has no field `secret`"),
    ("each: task inserted, topic: { name: t, value: '{§secret}' }", "task has no field `secret`"),
    (
      "each: task inserted, topic: { name: t, value: { a: [n, '{n} {§sate}'] } }",
      "task has no field `sate`; did you mean `state`?"
    ),
    ("each: task inserted, topic: { name: t, value: a §text }", "`text` is not expected here; a text is written in quotes"),
    ("each: task inserted, topic: { name: t, value: '§{n' }", "this `{` is not closed: write `\\{` for the character"),
    ("each: task inserted, topic: { name: t, value: 'n§}' }", "this `}` closes nothing: write `\\}` for the character"),
    ("each: task inserted, topic: { name: t, value: '{§}' }", "a name, a text or a function is missing at the end"),
    ("each: task inserted, topic: { name: t, value: '{tag} {n}' }", ""),
    ("each: task inserted, topic: { name: t, value: §$whoms }", "there is no parameter `$whoms`"),
    ("each: task inserted, topic: { name: §a b, value: n }", "`a b` cannot be the name of a Kafka topic"),
    ("each: task inserted, topic: { name: §'..', value: n }", "cannot be the name of a Kafka topic"),
    ("each: task inserted, topic: §{ value: n }", "`topic` needs `name`"),
    ("each: task inserted, topic: { name: t, value: n, §keys: n }", "`topic` has no key `keys`; did you mean `key`?"),
    ("each: task inserted, webhook: { url: §'ftp://h/', body: {} }", "a URL begins with `https://` or `http://`"),
    ("each: task inserted, webhook: { url: §'https://{id}/', body: {} }", "let the host end with `/` before the first value"),
    ("each: task inserted, webhook: { url: §'https://h{id}/', body: {} }", "let the host end with `/` before the first value"),
    ("each: task inserted, webhook: { url: §'{state}', body: {} }", "scheme and host are the same for all"),
    ("each: task inserted, webhook: { url: §'https://u:p@h/', body: {} }", "a URL has no user or password"),
    ("each: task inserted, webhook: { url: §'https://h/ü', body: {} }", "a URL is of printable ASCII"),
    ("each: task inserted, webhook: { url: §'https://h/{id} x', body: {} }", "a URL is of printable ASCII"),
    ("each: task inserted, webhook: §{ url: 'https://h/' }", "`webhook` needs `body`"),
    (
      "each: task inserted, webhook: { url: 'https://h/', headers: { §Authorization: x }, body: 1 }",
      "`Authorization` is a secret"
    ),
    (
      "each: task inserted, webhook: { url: 'https://h/', headers: { §content-type: x }, body: 1 }",
      "the header `content-type` is the program's own"
    ),
    ("each: task inserted, webhook: { url: 'https://h/', headers: { §'a b': x }, body: 1 }", "`a b` is not the name of a header"),
    ("each: task inserted, webhook: { url: 'https://h/', headers: { A: x, §a: y }, body: 1 }", "the header `a` is given twice"),
    ("each: task inserted, mail: { to: §'nobody', subject: s, text: t }", "`nobody` is not the address of a recipient"),
    ("each: task inserted, mail: { to: §{ a: b }, subject: s, text: t }", "a recipient is a value, or a list of values"),
    ("each: task inserted, mail: §{ subject: s, text: t }", "`mail` needs `to`"),
    ("each: task inserted, put: { table: §Tabb, item: {} }", "there is no table `Tabb` under `tables`; did you mean `Tab`?"),
    ("each: task inserted, put: { table: Tab, item: §{ PK: 'a' } }", "the item needs its key attribute `SK`"),
    ("each: task inserted, put: { table: Num, item: { n: §state } }", "the key attribute `n` is a number, and this is a string"),
    (
      "each: task inserted, put: { table: Tab, item: { PK: §n, SK: at } }",
      "the key attribute `PK` is a string, and this is a number"
    ),
    ("each: task inserted, put: { table: Tab, item: §n }", "`item` has to be a mapping of attributes"),
    ("each: task inserted, update: { table: Num, key: §{ n: n, a: 1 }, set: { b: 1 } }", "the key has `n`, and nothing else"),
    ("each: task inserted, update: { table: Num, key: { n: n }, set: §{} }", "`set` names no attribute"),
    ("each: task inserted, update: { table: Num, key: { n: n }, set: { §n: 1 } }", "`n` is a key attribute, which never changes"),
    ("each: task inserted, put: { table: Num, item: { n: n }, when: 'n < §:m' }", "task has no field `m`"),
    ("each: task inserted, put: { table: Num, item: { n: n }, when: 'n <§' }", "the condition cannot be read"),
    ("each: live expired, put: { table: Num, item: { n: c }, when: 'n = :n' }", ""),
    ("each: live expired, put: { table: Num, item: { n: §id } }", "the key attribute `n` is a number, and this is a string"),
  ])
  func `what an effect cannot do is refused with its place`(effect: String, message: String) {
    // The place is marked; of what is missing it is where the effect begins.
    let parts = effect.split(separator: "§", omittingEmptySubsequences: false)
    let column = parts.count == 2 ? 8 + parts[0].unicodeScalars.count : 6
    let found = FindingsTests.findings(Self.text(parts.joined()))
    if message.isEmpty {
      #expect(found == [])
    } else {
      #expect(found.contains { $0.message.contains(message) && $0.line == 18 && $0.column == column }, "\(found)")
    }
  }

  @Test func `a condition over an aggregate with two columns of one name is a finding and no end`() {
    let text = Self.text("each: states, when: total > 1, \(Self.hook)").replacing(
      "total: sum(n),", with: "state: sum(n), total: count,")
    #expect(FindingsTests.findings(text).map(\.message) == ["there are two columns `state`"])
  }

  @Test func `what it does is said in a sentence`() throws {
    func sentence(_ effect: String) throws -> String {
      let pipeline = try EvaluationTests.load(Self.text(effect))
      return pipeline.sentence(pipeline.effects[0])
    }
    #expect(
      try sentence(
        "each: task added(tag), mail: { to: [tag, 'ops@x.org'], subject: 'New: {tag}', text: 'In {id}.' }, order by: id")
        == "when an element comes into Tags of a task, a mail goes to tag and 'ops@x.org', about “New: {tag}”: “In {id}.”. Those of one id go one after the other."
    )
    #expect(
      try sentence(
        "each: task removed(tag), webhook: { url: 'https://h/{id}', headers: { X: '{n}' }, body: { n: n } }, per hour: 7")
        == "when an element leaves Tags of a task, { n: n } is sent to https://h/{id}, with the headers X: {n}. Of one item, session or board 7 are carried out in an hour, and the rest is given up."
    )
    #expect(
      try sentence("each: states, when: members_now >= 10, topic: { name: t, value: state }")
        == "when members_now >= 10 turns true of a row of states, state is published to the Kafka topic t.")
    #expect(
      try sentence("each: best closed, topic: { name: t, key: state, value: closed_at }, idempotency key: [state, month]")
        == "when a board of best has closed, closed_at is published to the Kafka topic t, under the key state. It is carried out once for each state and month."
    )
    #expect(
      try sentence("each: live ended, put: { table: Num, item: { n: n }, when: attribute_not_exists(n) }").hasSuffix(
        "an item of Num is written, with n = n, if attribute_not_exists(n)."))
    #expect(
      try sentence("each: task inserted, update: { table: Num, key: { n: n }, set: { a: 'x', b: null } }")
        == "when a task is inserted, in the item of Num of which n = n it sets a = 'x' and b = null.")
  }
}

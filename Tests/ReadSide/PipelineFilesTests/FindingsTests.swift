import Foundation
import PipelineFiles
import Pipelines
import Testing

/// Each rule of the checker, broken once: the place, the words and the suggestion.
@Suite struct FindingsTests {
  static let base = """
    pipeline: shop
    tables:
      Shop:
        key: { partition: PK string, sort: SK string }
        indexes:
          ByDay: { partition: Day string, sort: At string }
        ttl: expires_at
        private: [secret]
    items:
      order:
        in: Shop
        match: { PK: "Customer:{customer}", SK: "Order:{number:integer}" }
        fields: { total: Total decimal, at: At timestamp, state: State, tags: Tags json optional }
        capture:
          word: { from: state, pattern: '^(\\w+)', optional: true }
      person:
        in: Shop
        match: { PK: "Customer:{customer}", SK: profile }
        fields: { nick: Nick }
    projections:
      orders:
        collection: order
        key: [customer, number]
        columns: [total, at]
        order: { newest: [customer, at desc] }
      people:
        collection: person
        key: [customer]
        columns: [nick]
      totals:
        aggregate: [customer]
        of: order
        columns: { spent: sum(total), latest: last(state by at) }
      visits:
        sessions: customer
        touch: order inserted
        gap: 30m
        columns: { orders: count }
      open_orders:
        session: order
        touch: changed(state)
        gap: 1h
        expire: delete item
      spenders:
        leaderboard: customer
        each: order inserted
        board: [day of commit]
        score: sum(total)
        show: { from: people, columns: [nick] }
    effects:
      customer_gone:
        each: person removed
        delete: { rows: orders, where: customer = :customer }
    queries:
      latest:
        params: { customer: string, limit: integer 1..100 = 10 }
        sql: SELECT number, total FROM orders WHERE customer = :customer LIMIT :limit
    dashboard:
      - number: { title: Orders, sql: SELECT count(*) FROM orders }
      - leaderboard: { title: Best, of: spenders, board: latest, top: 3 }

    """

  static func findings(_ text: String) -> [Finding] {
    do throws(PipelineError) {
      _ = try PipelineLoader.load(text: Array(text.utf8), file: "p.yaml")
      return []
    } catch {
      return error.findings
    }
  }

  @Test func `the base that is broken below is whole`() {
    #expect(Self.findings(Self.base) == [])
  }

  struct Break: CustomStringConvertible, Sendable {
    let old: String
    let new: String
    let place: String
    let message: String
    var description: String { "\(old) -> \(new)" }

    init(_ old: String, _ new: String, _ place: String, _ message: String) {
      self.old = old
      self.new = new
      self.place = place
      self.message = message
    }
  }

  @Test(arguments: [
    Break("pipeline: shop", "pipeline: Shop!", "1:11", "`Shop!` cannot be a pipeline's name"),
    Break("pipeline: shop", "name: shop", "1:1", "a pipeline has no key `name`"),
    Break("pipeline: shop", "name: shop", "1:1", "a pipeline needs `pipeline`"),
    Break("  Shop:\n", "  S!:\n", "3:3", "cannot be a table's name"),
    Break("partition: PK string,", "partition: PK strnig,", "4:26", "`strnig` is not the type of a key; did you mean `string`?"),
    Break("partition: PK string, sort", "partition: SK string, sort", "4:10", "partition and sort key are one attribute"),
    Break("key: { partition", "key: { partitoin", "4:12", "a key has no key `partitoin`; did you mean `partition`?"),
    Break("    key: { partition: PK string, sort: SK string }\n", "", "4:5", "a table needs `key`"),
    Break("    ttl: expires_at", "    ttl: PK", "7:10", "`PK` is a key attribute: it cannot hold the expiry time"),
    Break("private: [secret]", "private: [Day]", "8:15", "`Day` is a key attribute: it is in every record"),
    Break("sort: At string", "sort: PK number", "3:3", "`PK` is given two types"),
    Break(
      "ByDay: { partition: Day string,", "ByDay: { kind: local, partition: Day string,", "6:7",
      "a local index has the table's partition key"),
    Break(
      "    in: Shop\n    match: { PK: \"Customer:{customer}\", SK: \"Order",
      "    in: Shoop\n    match: { PK: \"Customer:{customer}\", SK: \"Order", "11:9",
      "there is no table `Shoop`; did you mean `Shop`?"),
    Break(
      "match: { PK: \"Customer:{customer}\", SK: profile }", "match: { PX: \"Customer:{customer}\", SK: profile }", "18:14",
      "`PX` is not in the key of `Shop`; did you mean `PK`?"),
    Break("\"Order:{number:integer}\"", "\"Order:{number:integr}\"", "12:60", "`integr` is not a type; did you mean `integer`?"),
    Break("\"Order:{number:integer}\"", "\"Order:{number\"", "12:52", "the capture that begins here has no `}`"),
    Break("\"Order:{number:integer}\"", "\"{a}{b}\"", "12:46", "`{a}` and `{b}` touch"),
    Break("\"Order:{number:integer}\"", "\"Order:[#{n}\"", "12:52", "the optional part that begins here has no `]`"),
    Break("\"Order:{number:integer}\"", "\"Order:{customer}\"", "11:5", "`customer` is captured twice"),
    Break("\"Order:{number:integer}\"", "\"Order:{user}\"", "12:53", "`user` is a reserved word of SQL"),
    Break("total: Total decimal", "Total: Total decimal", "13:15", "`Total` cannot be a name"),
    Break("total: Total decimal", "total: Total decmal", "13:28", "`decmal` is not a type; did you mean `decimal`?"),
    Break("total: Total decimal", "total: secret decimal", "13:22", "`secret` is private"),
    Break("total: Total decimal", "customer: Total decimal", "13:15", "`customer` is already a capture or field"),
    Break("at: At timestamp", "at: At timestamp(Mars/One)", "13:54", "`Mars/One` is neither an IANA time zone"),
    Break("state: State", "state: lowr(State)", "13:62", "there is no function `lowr`; did you mean `lower`?"),
    Break("state: State", "state: length(State) string", "13:62", "this is of type integer, not string"),
    Break("state: State", "state: day of commit", "13:69", "the commit time is not in an item"),
    Break("at: At timestamp", "at: AT timestamp", "13:41", "`Shop` has no attribute `AT`; did you mean `At`?"),
    Break("  totals:", "  sqlite_totals:", "30:3", "begins as the names of a database's own tables do"),
    Break("  totals:", "  totals_sort:", "30:3", "ends in `_sort`"),
    Break("from: state,", "from: sttae integer,", "15:27", "`integer` is not expected here"),
    Break("'^(\\w+)'", "'^(\\w+'", "15:", "the pattern cannot be read: missing closing parenthesis"),
    Break("pattern: '^(\\w+)'", "pattern: '^(\\w+)', group: nick", "15:", "the pattern has no group `nick`"),
    Break("    fields: { nick: Nick }", "    when: secret = 1", "19:11", "`secret` is private"),
    Break("    fields: { nick: Nick }", "    when: Nick == 1", "19:17", "the condition cannot be read"),
    Break("    collection: order", "    collection: ordr", "22:17", "there is no item `ordr`; did you mean `order`?"),
    Break("    collection: order", "    colection: order", "21:3", "a projection is exactly one of"),
    Break(
      "    collection: order", "    collection: order\n    colums: [at]", "23:5",
      "a projection has no key `colums`; did you mean `columns`?"),
    Break("key: [customer, number]", "key: [customer, nubmer]", "23:21", "order has no field `nubmer`; did you mean `number`?"),
    Break("key: [customer, number]", "key: [customer, tags]", "21:3", "`tags` is json, which cannot be compared"),
    Break("columns: [total, at]", "columns: [total, total]", "24:22", "there are two columns `total`"),
    Break("columns: [total, at]", "columns: [lower(state), at]", "24:15", "a column needs a name here"),
    Break(
      "columns: [total, at]", "columns: [{ day: day of at }, { order: at }, at]", "24:37", "`order` is a reserved word of SQL"),
    Break(
      "newest: [customer, at desc]", "newest: [customer, ta desc]", "25:33", "there is no column `ta` here; did you mean `at`?"),
    Break(
      "    columns: [total, at]", "    time: at\n    columns: [total, at]", "24:5",
      "only sessions that touches make (`sessions: ...`) go by a time"),
    Break("aggregate: [customer]", "aggregate: []", "30:3", "an aggregate needs a group"),
    Break("    of: order", "    of: order\n    each: order inserted", "31:5", "either `of` (the items that exist now) or `each`"),
    Break("    of: order\n", "", "31:5", "a projection needs `of`"),
    Break("sum(total)", "sum(state)", "33:23", "`sum` needs an integer or decimal, and this is string"),
    Break("sum(total)", "avrg(total)", "33:23", "`avrg` is not a function of a column; did you mean `avg`?"),
    Break("sum(total)", "max(tags)", "33:23", "json cannot be compared"),
    Break("sum(total)", "max(commit)", "33:27", "the commit time is not in an item: only rules over changes"),
    Break("last(state by at)", "last(state)", "33:43", "over items `last` needs an order that is in the item"),
    Break("touch: order inserted", "touch: ordre inserted", "36:12", "there is no item `ordre`; did you mean `order`?"),
    Break(
      "touch: order inserted", "touch: order insreted", "36:18",
      "`insreted` is not a change of an item; did you mean `inserted`?"),
    Break("touch: order inserted", "touch: order changed(number)", "36:12", "`number` is a part of the key, which never changes"),
    Break("touch: order inserted", "touch: order changed(secret)", "36:12", "`secret` is private"),
    Break("    gap: 30m", "    gap: 30 minutes", "37:10", "`30 minutes` is not a length of time"),
    Break("    gap: 30m\n", "", "34:3", "these sessions would never end"),
    Break(
      "sessions: customer", "sessions: number", "34:3",
      "the key of these sessions does not hold the partition key of `Shop` (`customer`)"),
    Break("columns: { orders: count }", "columns: { status: count }", "38:16", "`status` is a column of its own here"),
    Break("    session: order", "    session: order\n    end: when State =", "41:22", "the condition cannot be read"),
    Break("    touch: changed(state)", "    touch: removed", "41:12", "only `changed(...)` touches a session that is an item"),
    Break("    gap: 1h", "    deadline: at\n    cut: midday", "43:10", "`midnight` is expected here, not `midday`"),
    Break("    gap: 1h", "    deadline: state", "42:15", "this is of type string, not timestamp"),
    Break("    gap: 1h\n", "", "39:3", "nothing makes this session expire"),
    Break("expire: delete item", "expire: forget", "43:13", "`expire` can be `delete item`"),
    Break(
      "sum(total)", "sum(new.total)", "33:27", "an item has one image: only rules over changes (`each:`, `sessions:`) know `new.`"
    ),
    Break("    score: sum(total)", "    score: sum(new.totl)", "48:16", "order has no field `totl`; did you mean `total`?"),
    Break("    score: sum(total)", "    score: sum(old)", "48:16", "say which field of `old` is meant: `old.name`"),
    Break("    score: sum(total)", "    score: sum(old.total.x)", "48:16", "say which field of `old` is meant: `old.name`"),
    Break(
      "board: [day of commit]", "board: [old.state]", "47:13", "a board column needs a name here: write `{ name: old.state }`"),
    Break("leaderboard: customer", "leaderboard: cstomer", "45:18", "order has no field `cstomer`; did you mean `customer`?"),
    Break("score: sum(total)", "score: som(total)", "48:12", "`som` is not a score; did you mean `sum`?"),
    Break("score: sum(total)", "score: sum(total)\n    ties: first", "49:11", "`ties` cannot be `first`"),
    Break("score: sum(total)", "score: max(state)", "48:12", "a score is an integer or decimal"),
    Break("score: sum(total)", "score: sum(total)\n    keep: many", "49:11", "write `keep: 400 boards`"),
    Break("score: sum(total)", "score: sum(total)\n    floor: low", "49:12", "`low` is not a score: it has to be decimal"),
    Break(
      "board: [day of commit]", "board: [dya of commit]", "47:13", "`dya` is not a calendar period; did you mean `day`?"),
    Break("board: [day of commit]", "board: [day of commit]\n    zone: Paris", "48:11", "`Paris` is not an IANA time zone"),
    Break("board: [day of commit]", "board: [state]\n    zone: Europe/Paris", "48:11", "`zone` has no effect here"),
    Break(
      "each: order inserted", "each: { change: order inserted, when: state = 'a' }\n    when: state = 'b'", "46:43",
      "the change has a `when`, and so has the rule around it"),
    Break(
      "total: Total decimal", "total: { from: Total decimal, type: integer }", "13:36", "the type is given here and under `type`"),
    Break(
      "at: At timestamp", "at: { from: At, type: timestamp(seconds), zone: Europe/Paris }", "13:85",
      "a zone has no effect"),
    Break("at: At timestamp", "at: { from: At, type: timestamp, zone: seconds }", "13:76", "`seconds` is not an IANA time zone"),
    Break("from: people", "from: poeple", "49:19", "there is no projection `poeple`; did you mean `people`?"),
    Break("from: people", "from: totals", "49:19", "`totals` is not a collection"),
    Break(
      "show: { from: people, columns: [nick]", "show: { from: people, columns: [nik]", "49:37",
      "`people` has no column `nik`; did you mean `nick`?"),
    Break(
      "each: person removed", "each: totals expired", "52:11",
      "of an aggregate a condition turns true: write `each: totals` and `when:` with the condition"),
    Break("each: person removed", "each: open_orders vanished", "52:11", "say what happened to the session"),
    Break("rows: orders", "rows: ordrs", "53:21", "there is no projection `ordrs`; did you mean `orders`?"),
    Break("rows: orders", "rows: totals", "53:21", "`totals` is not a collection"),
    Break(
      "where: customer = :customer", "where: custmer = :customer", "53:36",
      "`orders` has no column `custmer`; did you mean `customer`?"),
    Break(
      "where: customer = :customer", "where: customer = :nikc", "53:48", "`person` has no field `nikc`; did you mean `nick`?"),
    Break("where: customer = :customer", "where: number = :nick", "53:13", "`number` is integer and is compared with string"),
    Break("delete: { rows: orders, where: customer = :customer }", "delete: item", "53:13", "the item is gone already"),
    Break(
      "delete: { rows: orders, where: customer = :customer }", "webhook: x", "53:14", "`webhook` has to be a mapping"),
    Break("FROM orders WHERE", "FROM ordres WHERE", "57:", "no such table: ordres; did you mean `orders`?"),
    Break("SELECT number, total", "SELECT number, totl", "57:25", "no such column: totl; did you mean `total`?"),
    Break("LIMIT :limit", "LIMIT 10", "56:33", "the parameter `limit` is not used by the SQL"),
    Break("LIMIT :limit", "LIMIT :limt", "57:10", "the parameter `:limt` is not declared under `params`; did you mean `:limit`?"),
    Break("LIMIT :limit", "LIMIT ?", "57:10", "parameters are written `:name`"),
    Break("SELECT number, total FROM orders", "DELETE FROM orders", "57:10", "a query only reads"),
    Break("SELECT number, total FROM", "SELECT number, number FROM", "57:10", "two columns of the answer are named `number`"),
    Break("SELECT number, total FROM", "SELECT 1; SELECT number FROM", "57:", "the SQL holds more than one statement"),
    Break("integer 1..100 = 10", "integer 1..100 = 200", "56:57", "the default is greater than 100"),
    Break("integer 1..100 = 10", "integer 100..1", "56:53", "the range is empty"),
    Break("integer 1..100 = 10", "intger", "56:40", "`intger` is not a type; did you mean `integer`?"),
    Break(
      "- number: { title: Orders, sql: SELECT count(*) FROM orders }",
      "- number: { title: Orders, sql: \"SELECT at, number FROM orders\" }", "59:", "a number is one column, and this SQL gives 2"
    ),
    Break("- number:", "- nubmer:", "59:5", "there is no tile `nubmer`; did you mean `number`?"),
    Break("of: spenders", "of: spendres", "60:37", "there is no leaderboard `spendres`; did you mean `spenders`?"),
    Break("board: latest", "board: [a, b]", "60:", "a board of `spenders` has 1 values, or write `latest`"),
  ])
  func `a mistake is named with its place`(broken: Break) {
    #expect(Self.base.contains(broken.old), "the base has no `\(broken.old)`")
    let range = Self.base.range(of: broken.old)
    let text = range.map { Self.base.replacingCharacters(in: $0, with: broken.new) } ?? ""
    let findings = Self.findings(text)
    let found = findings.contains {
      $0.message.contains(broken.message)
        && ("\($0.line):\($0.column)" == broken.place || (broken.place.hasSuffix(":") && "\($0.line):" == broken.place))
    }
    #expect(found, "\(broken.place): \(broken.message)\nfound:\n\(findings.map(\.description).joined(separator: "\n"))")
  }

  @Test func `every mistake is named in one run, in the order of the lines`() {
    let text = Self.base.replacingOccurrences(of: "collection: order", with: "collection: ordr").replacingOccurrences(
      of: "sum(total)", with: "sum(state)"
    ).replacingOccurrences(of: "each: person removed", with: "each: persn removed")
    let lines = Self.findings(text).map(\.line)
    #expect(lines.count >= 4)
    #expect(lines == lines.sorted())
  }

  @Test func `two projections of one name, and an item of that name, are refused`() {
    let twice = Self.base.replacingOccurrences(of: "  people:\n", with: "  orders:\n")
    #expect(Self.findings(twice).first?.message.contains("`orders` is here twice") == true)
    let item = Self.base.replacingOccurrences(of: "  people:\n", with: "  person:\n")
    #expect(Self.findings(item).contains { $0.message.contains("already the name of an item") })
    let tables = Self.base.replacingOccurrences(of: "items:\n", with: "  Shop: {}\nitems:\n")
    #expect(Self.findings(tables).first?.message.contains("`Shop` is here twice") == true)
  }

  @Test func `two tables or indexes of one name in SQL are refused`() {
    let text = Self.base.replacingOccurrences(of: "  people:\n", with: "  orders_newest:\n").replacingOccurrences(
      of: "from: people", with: "from: orders_newest")
    #expect(
      Self.findings(text).map(\.description) == [
        "p.yaml:26:3: `orders_newest` and `orders` both need the name `orders_newest` in SQL: choose another name"
      ])
  }

  @Test func `a folder that is not there, one without the file, and what is not YAML are findings`() throws {
    for (path, message) in [("/nowhere/at/all", "no such pipeline folder"), (NSTemporaryDirectory(), "has no `pipeline.yaml`")] {
      let error = #expect(throws: PipelineError.self) { try PipelineLoader.load(path) }
      #expect(error?.findings.first?.message.contains(message) == true)
    }
    #expect(Self.findings("pipeline: [").count == 1)
    #expect(Self.findings("- a").first?.message.contains("a pipeline has to be a mapping") == true)
    #expect(Self.findings("").first?.message == "the file is empty")
  }

  @Test func `a table of one partition takes sessions of any key`() {
    let text = Self.base.replacingOccurrences(of: "sessions: customer", with: "sessions: number").replacingOccurrences(
      of: "    ttl: expires_at", with: "    ttl: expires_at\n    partitions: 1")
    #expect(Self.findings(text) == [])
  }
}

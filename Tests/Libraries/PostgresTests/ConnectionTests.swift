import Foundation
import Postgres
import PostgresTestKit
import Testing

/// Connections, statements, transactions and what they refuse, on a real server.
@Suite(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped))) struct ConnectionTests {
  private func connection() throws -> PostgresConnection { try PostgresConnection(try PostgresCluster.shared().settings()) }

  private func failure(_ body: () throws -> Void) -> PostgresError? {
    do {
      try body()
      return nil
    } catch {
      return error as? PostgresError
    }
  }

  @Test func `values come back as they went`() throws {
    let connection = try connection()
    let row = try connection.run(
      "SELECT $1::bigint, $2::text, $3::bytea, $4::boolean, $5::timestamptz, $6::text, $7::text, $8::bytea", .bigint(Int64.min),
      .text("ä\u{1F600}'\\"), .bytes([0, 255, 92]), .boolean(true), .timestamp(1_767_225_600_000_001), .null(.text), .text(""),
      .bytes([]))
    #expect(row.int64(0, 0) == .min && row.text(0, 1) == "ä\u{1F600}'\\" && row.bytes(0, 2) == [0, 255, 92])
    #expect(row.boolean(0, 3) && row.timestamp(0, 4) == 1_767_225_600_000_001 && row.isNull(0, 5) && row.text(0, 5) == nil)
    #expect(row.text(0, 6) == "" && row.bytes(0, 7) == [] && row.count == 1 && row.columnCount == 8)
    let text = try connection.run("SELECT ($1::timestamptz)::text", .timestamp(1_767_225_600_000_001))
    #expect(text.text(0, 0) == "2026-01-01 00:00:00.000001+00")
  }

  @Test func `arrays are taken apart in their order, with nulls, and empty ones too`() throws {
    let connection = try connection()
    var numbers = PostgresArray(.bigint)
    var blobs = PostgresArray(.bytes)
    var flags = PostgresArray(.boolean)
    for index in 0..<1_000 {
      if index % 7 == 0 { numbers.appendNull() } else { numbers.append(Int64(index)) }
      blobs.append([UInt8(index % 256)])
      flags.append(index % 2 == 0)
    }
    let sql = "SELECT n, b, f, place FROM unnest($1::bigint[], $2::bytea[], $3::boolean[]) WITH ORDINALITY AS u (n, b, f, place)"
    let rows = try connection.run(sql, .array(numbers), .array(blobs), .array(flags))
    #expect(rows.count == 1_000)
    for row in 0..<rows.count {
      #expect(rows.isNull(row, 0) == (row % 7 == 0) && (row % 7 == 0 || rows.int64(row, 0) == Int64(row)))
      #expect(rows.bytes(row, 1) == [UInt8(row % 256)] && rows.boolean(row, 2) == (row % 2 == 0))
    }
    #expect(try connection.run(sql, .bigints([]), .blobs([]), .array(PostgresArray(.boolean))).count == 0)
  }

  @Test func `some elements of an array go in another order, nulls among them`() throws {
    let connection = try PostgresConnection(try PostgresCluster.shared().settings())
    defer { connection.close() }
    var texts = PostgresArray(.text)
    for text in ["zero", nil, "", "three", "four"] { if let text { texts.append(text) } else { texts.appendNull() } }
    func shown(_ numbers: [Int]) throws -> String? {
      try connection.run("SELECT array_to_string($1::text[], ',', 'null')", .array(texts.elements(numbers[...]))).text(0, 0)
    }
    #expect(try shown([4, 1, 0, 2, 1]) == "four,null,zero,,null")
    #expect(try shown([3]) == "three")
    #expect(try shown([]) == "")
  }

  @Test func `statements of one round trip run in order and none after one that fails`() throws {
    let connection = try connection()
    try connection.execute("CREATE TEMP TABLE t (n bigint PRIMARY KEY)")
    let insert = { (number: Int64) in PostgresQuery("INSERT INTO t VALUES ($1)", [.bigint(number)]) }
    let results = try connection.run([insert(1), insert(2), PostgresQuery("SELECT count(*) FROM t")])
    #expect(results.count == 3 && results[1].changes == 1 && results[2].int64(0, 0) == 2)
    // What is long both ways does not lock the two up.
    let long = String(repeating: "x", count: 1_000_000)
    let echoes = try connection.run((0..<20).map { _ in PostgresQuery("SELECT $1::text", [.text(long)]) })
    #expect(echoes.allSatisfy { $0.text(0, 0)?.utf8.count == 1_000_000 })
    let error = try #require(failure { _ = try connection.run([insert(3), insert(1), insert(4)]) })
    #expect(error.kind == .conflict && error.sqlState == "23505" && error.sql?.hasPrefix("INSERT") == true)
    #expect(try connection.run("SELECT count(*) FROM t").int64(0, 0) == 2)
    let unknown = try #require(failure { try connection.run("SELECT nothing FROM t") })
    #expect(unknown.kind == .refuse && unknown.sqlState == "42703" && unknown.offset == 7)
    let other = try connection.run("SELECT 1, 1::bigint, 1::smallint, 'x', 1.5::real")
    #expect((0..<4).map { other.int64(0, $0) } == [1, 1, 1, 0] && other.double(0, 4) == 1.5)
  }

  @Test func `what waits goes with the next round trip, in order, and not with another transaction`() throws {
    let connection = try connection()
    try connection.execute("CREATE TEMP TABLE t (n bigint PRIMARY KEY)")
    let insert = { (number: Int64) in PostgresQuery("INSERT INTO t VALUES ($1) RETURNING n", [.bigint(number)]) }
    var taken: [Int64] = []
    func later(_ number: Int64) throws { try connection.later(insert(number)) { taken.append($0.int64(0, 0)) } }
    try connection.transaction {
      let before = connection.roundTrips
      for number in 1...3 { try later(Int64(number)) }
      #expect(connection.roundTrips == before && taken.isEmpty)
      #expect(try connection.run("SELECT count(*) FROM t").int64(0, 0) == 3)
      #expect(connection.roundTrips == before + 1 && taken == [1, 2, 3])
      try later(4)
    }
    #expect(taken == [1, 2, 3, 4])
    #expect(try connection.run("SELECT count(*) FROM t").int64(0, 0) == 4)
    // What fails fails what is asked next, or the transaction; nothing of it comes later.
    let asked = try #require(
      failure {
        try connection.transaction {
          for number: Int64 in [5, 1, 6] { try later(number) }
          try connection.run("SELECT 1")
        }
      })
    #expect(asked.kind == .conflict && asked.sqlState == "23505" && taken == [1, 2, 3, 4])
    let ended = try #require(failure { try connection.transaction { try later(2) } })
    #expect(ended.kind == .conflict)
    struct Other: Error {}
    #expect(throws: Other.self) {
      try connection.transaction {
        try later(7)
        throw Other()
      }
    }
    #expect(try connection.run("SELECT count(*) FROM t").int64(0, 0) == 4)
    // What is much goes at once.
    let long = PostgresValue.text(String(repeating: "x", count: 5 << 20))
    try connection.transaction {
      let before = connection.roundTrips
      for _ in 0..<3 { try connection.later(PostgresQuery("SELECT $1::text", [long])) }
      #expect(connection.roundTrips == before + 1)
    }
  }

  @Test func `a transaction is whole or not there`() throws {
    let connection = try connection()
    try connection.execute("CREATE TEMP TABLE t (n bigint)")
    struct Other: Error {}
    #expect(throws: Other.self) {
      try connection.transaction {
        try connection.run("INSERT INTO t VALUES (1)")
        throw Other()
      }
    }
    #expect(try connection.run("SELECT count(*) FROM t").int64(0, 0) == 0)
    try connection.transaction { _ = try connection.run("INSERT INTO t VALUES (1)") }
    #expect(try connection.run("SELECT count(*) FROM t").int64(0, 0) == 1)
    // Whoever passes over an error does not commit.
    let error = failure {
      try connection.transaction {
        try connection.run("INSERT INTO t VALUES (2)")
        _ = failure { try connection.run("SELECT nothing") }
      }
    }
    #expect(error?.kind == .refuse)
    #expect(try connection.run("SELECT count(*) FROM t").int64(0, 0) == 1)
    let written = failure { try connection.transaction(.snapshot) { _ = try connection.run("CREATE TABLE never (n bigint)") } }
    #expect(written?.isReadOnly == true)
  }

  @Test func `rows are handed over one by one, and a reader may stop`() throws {
    let connection = try connection()
    var sum: Int64 = 0
    let query = PostgresQuery("SELECT generate_series(1, $1::bigint)", [.bigint(10_000)])
    try connection.forEach(query) { sum += $0.int64(0, 0) }
    #expect(sum == 50_005_000)
    struct Enough: Error {}
    var count = 0
    #expect(throws: Enough.self) {
      try connection.forEach(PostgresQuery("SELECT generate_series(1, $1::bigint)", [.bigint(100_000_000)])) { _ in
        count += 1
        if count == 10 { throw Enough() }
      }
    }
    #expect(try count == 10 && connection.run("SELECT 7::bigint").int64(0, 0) == 7)
    var text = ""
    try connection.forEach(PostgresQuery("SELECT 1.50::numeric, true"), columns: .text) {
      text = "\($0.text(0, 0)!) \($0.text(0, 1)!)"
    }
    #expect(text == "1.50 t")
  }

  @Test func `statements in one round trip and rows one by one take turns`() throws {
    let connection = try connection()
    let query = PostgresQuery("SELECT generate_series(1, $1::bigint)", [.bigint(3)])
    for round in 0..<4 {
      var seen: [Int64] = []
      try connection.forEach(query) { seen.append($0.int64(0, 0)) }
      #expect(seen == [1, 2, 3], "\(round)")
      #expect(try connection.run("SELECT $1::bigint", .bigint(7)).int64(0, 0) == 7, "\(round)")
    }
  }

  @Test func `a copy gives the rows of a query, with nulls, empty and long values, and takes turns with round trips`() throws {
    let connection = try connection()
    let sql = """
      SELECT n::bigint, CASE WHEN n % 3 > 0 THEN repeat('x', n * 400) END, n % 2 = 0, ''::bytea, to_timestamp(n), n::float8 / 4
      FROM generate_series(0, 999) n ORDER BY n
      """
    for round in 0..<2 {
      var seen: [String] = []
      var expected: [String] = []
      func said(_ rows: PostgresResult) -> String {
        let text = rows.text(0, 1).map { "\($0.count)" } ?? "null"
        let rest = "\(rows.bytes(0, 3) ?? [1]) \(rows.timestamp(0, 4) ?? 0) \(rows.double(0, 5)) \(rows.bytes(0, 6) == nil)"
        return "\(rows.count) \(rows.columnCount) \(rows.int64(0, 0)) \(text) \(rows.isNull(0, 1)) \(rows.boolean(0, 2)) \(rest)"
      }
      try connection.copy(sql) { seen.append(said($0)) }
      for number in 0..<1_000 {
        let text = number % 3 > 0 ? "\(number * 400) false" : "null true"
        let rest = "[] \(number * 1_000_000) \(Double(number) / 4) true"
        expected.append("1 6 \(number) \(text) \(number % 2 == 0) \(rest)")
      }
      #expect(seen == expected, "\(round)")
      #expect(try connection.run("SELECT $1::bigint", .bigint(7)).int64(0, 0) == 7, "\(round)")
    }
    var count = 0
    try connection.copy("SELECT 1 WHERE false") { _ in count += 1 }
    try connection.copy("SELECT FROM generate_series(1, 3)") { count += $0.columnCount + 1 }
    #expect(count == 3)
  }

  @Test func `a copy that fails, at once or on the way, or is given up leaves the connection as it was`() throws {
    let connection = try connection()
    var count = 0
    #expect(failure { try connection.copy("SELECT nobody") { _ in count += 1 } }?.sqlState == "42703")
    #expect(count == 0)
    let divided = failure { try connection.copy("SELECT 1 / (n - 70000) FROM generate_series(1, 100000) n") { _ in count += 1 } }
    #expect(divided?.sqlState == "22012" && count > 0, "\(count) rows")
    struct Enough: Error {}
    count = 0
    #expect(throws: Enough.self) {
      try connection.copy("SELECT generate_series(1, 100000000)") { _ in
        count += 1
        if count == 10 { throw Enough() }
      }
    }
    #expect(try count == 10 && connection.run("SELECT 7::bigint").int64(0, 0) == 7)
    var settings = try PostgresCluster.shared().settings()
    settings.statementTimeMax = .milliseconds(30)
    let limited = try PostgresConnection(settings)
    #expect(failure { try limited.copy("SELECT pg_sleep(30)") { _ in } }?.kind == .cancelled)
    // Of a connection that is ended meanwhile.
    let ended = try self.connection()
    let backend = try ended.run("SELECT pg_backend_pid()::bigint").int64(0, 0)
    count = 0
    let lost = failure {
      try ended.copy("SELECT generate_series(1, 100000000)") { _ in
        count += 1
        if count == 10 { _ = try? connection.run("SELECT pg_terminate_backend($1::bigint::int)", .bigint(backend)) }
      }
    }
    #expect(lost != nil && count >= 10 && ended.isBroken, "\(lost as Any)")
  }

  @Test func `a statement is cancelled from another thread, or by its time limit`() throws {
    let connection = try connection()
    let cancellation = connection.cancellation
    let backend = try connection.run("SELECT pg_backend_pid()::bigint").int64(0, 0)
    let watcher = try PostgresCluster.shared().settings()
    let thread = Thread {
      guard let watching = try? PostgresConnection(watcher) else { return }
      let end = ContinuousClock.now + .seconds(20)
      let isAsleep = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'"
      while ContinuousClock.now < end, (try? watching.run(isAsleep, .bigint(backend)).int64(0, 0)) != 1 {}
      cancellation.cancel()
    }
    thread.start()
    let error = failure { try connection.run("SELECT pg_sleep(30)") }
    #expect(error?.kind == .cancelled && error?.sqlState == "57014")
    var settings = try PostgresCluster.shared().settings()
    settings.statementTimeMax = .milliseconds(30)
    let limited = try PostgresConnection(settings)
    #expect(failure { try limited.run("SELECT pg_sleep(30)") }?.kind == .cancelled)
  }

  @Test func `what is said on a channel is heard once`() throws {
    let (listener, speaker) = (try connection(), try connection())
    try listener.listen(to: "A \"channel\"")
    #expect(try listener.notifications(within: .zero).isEmpty)
    try speaker.transaction {
      for payload in ["one", "one", "two"] { try speaker.notify("A \"channel\"", payload) }
    }
    var heard: [String] = []
    while heard.count < 2 { heard += try listener.notifications(within: .seconds(20)).map(\.payload) }
    #expect(heard == ["one", "two"])
  }

  @Test func `two that wait for each other: one of them may try again`() throws {
    let (one, two) = (try connection(), try connection())
    try one.execute("CREATE TABLE IF NOT EXISTS deadlocks (n bigint PRIMARY KEY); INSERT INTO deadlocks VALUES (1), (2)")
    defer { try? one.execute("ROLLBACK; DROP TABLE deadlocks") }
    try one.begin()
    try two.begin()
    try one.run("SELECT 1 FROM deadlocks WHERE n = 1 FOR UPDATE")
    try two.run("SELECT 1 FROM deadlocks WHERE n = 2 FOR UPDATE")
    try two.execute("SET LOCAL lock_timeout = 50")
    let error = failure { try two.run("SELECT 1 FROM deadlocks WHERE n = 1 FOR UPDATE") }
    #expect(error?.kind == .retry && error?.sqlState == "55P03")
    two.rollback()
  }
}

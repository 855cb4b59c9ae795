import Postgres
import PostgresTestKit
import Testing

/// PgBouncer between us and the server: what keeps sessions apart works, what shares them is refused by name.
@Suite(.enabled(if: Pooler.isAvailable, Comment(rawValue: Pooler.skipped))) struct PoolerTests {
  @Test func `sessions of their own work`() throws {
    let pooler = try Pooler(try PostgresCluster.shared(), .session)
    let connection = try pooler.connect()
    #expect(connection.isPooled)
    for number in 0..<5 {
      #expect(
        try connection.transaction { try connection.run("SELECT $1::bigint", .bigint(Int64(number))).int64(0, 0) }
          == Int64(number))
    }
    #expect(try !PostgresConnection(PostgresCluster.shared().settings()).isPooled)
  }

  @Test(arguments: [Pooler.Mode.transaction, .statement], [2, 3, 8])
  func `shared sessions are refused by name`(_ mode: Pooler.Mode, connections: Int) throws {
    let pooler = try Pooler(try PostgresCluster.shared(), mode, connections: connections)
    let error = #expect(throws: PostgresError.self) { try pooler.connect().close() }
    #expect(error?.kind == .refuse && error?.message.contains("PgBouncer in transaction mode") == true, "\(error as Any)")
  }
}

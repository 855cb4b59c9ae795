import ChangeLogConformance
import DynamoClient
import DynamoModel
import ServedLog
import StoreTestKit
import TableStore
import Testing

@Suite(.timeLimit(.minutes(2))) struct ServedLogConformanceTests {
  @Test(arguments: ChangeLogConformance.allCases)
  func `a log over HTTP keeps the contract`(_ check: ChangeLogConformance) async throws {
    let time = ManualTime(wall: 1_700_000_000_000)
    let server = try APIServer(
      options: .init(retention: LogFixture.retention, time: time, sweepInterval: .milliseconds(10)))
    defer { withExtendedLifetime(server) {} }
    let definition = TableDefinition(name: "T01", key: .strings(sort: false), partitions: LogFixture.partitions)
    _ = try server.store.createTable(definition)
    let log = ServedLog(table: "T01", client: DynamoClient(endpoint: "http://127.0.0.1:\(server.port)", attemptsMax: 1))
    try await check.run(.embedded(log, server.store, definition, time))
  }

  @Test func `a server that is not there, and a table that is not there, give different errors`() async throws {
    let server = try APIServer()
    defer { withExtendedLifetime(server) {} }
    let missing = ServedLog(table: "None", client: DynamoClient(endpoint: "http://127.0.0.1:\(server.port)", attemptsMax: 1))
    await #expect(performing: { try await missing.describe() }, throws: { "\($0)".contains("the table does not exist") })
    let away = ServedLog(table: "None", client: DynamoClient(endpoint: "http://127.0.0.1:1", attemptsMax: 1))
    await #expect(performing: { try await away.describe() }, throws: { "\($0)".contains("does not answer") })
  }
}

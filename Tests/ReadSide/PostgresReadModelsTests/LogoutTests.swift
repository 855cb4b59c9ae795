import ChangeLog
import Foundation
import Postgres
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import ReadModelConformance
import Testing

/// Logouts of pages, in the database that processes share.
@Suite(.timeLimit(.minutes(1)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct LogoutTests {
  private func texts(_ logouts: [PostgresLogouts.Logout]) -> [String] { logouts.map { "\($0.number) \($0.expires)" } }

  private var future: Int64 { Int64(Date().timeIntervalSince1970 * 1000) + 1_000_000 }

  @Test func `what one process ends all know, those that begin later too, and other namespaces do not`() throws {
    let own = try OwnSchema(StorePipelines.groups)
    let (first, second) = (PostgresLogouts(own.database), PostgresLogouts(own.database))
    let end = future
    #expect(try texts(first.exchange([])) == [])
    #expect(try texts(first.exchange([("a", end), ("b", end + 1)])) == ["a \(end)", "b \(end + 1)"])
    #expect(try texts(second.exchange([("a", end), ("c", end + 2)])) == ["a \(end)", "b \(end + 1)", "c \(end + 2)"])
    first.close()
    #expect(try texts(PostgresLogouts(own.database).exchange([])).count == 3)
    #expect(try texts(PostgresLogouts(OwnSchema(StorePipelines.groups).database).exchange([])) == [])
    // No pipeline has a schema of this name.
    #expect(try own.database.pipelines() == ["p"])
  }

  @Test func `what is long over is forgotten, and so are those that end first where there are too many`() throws {
    let own = try OwnSchema(StorePipelines.groups)
    let logouts = PostgresLogouts(own.database)
    let end = future
    let justOver = end - 1_001_000
    #expect(try texts(logouts.exchange([("over", end - 10_000_000), ("just over", justOver)])) == ["just over \(justOver)"])
    let many = (0..<Int64(PostgresLogouts.logoutsMax)).map { ("\($0)", end + $0) }
    #expect(try texts(logouts.exchange(many)) == texts(many))
    #expect(try texts(logouts.exchange([("last", end + 20_000)])) == texts(many.dropFirst() + [("last", end + 20_000)]))
  }

  @Test func `a server that has lost what was made gets it again`() throws {
    let own = try OwnSchema(StorePipelines.groups)
    let logouts = PostgresLogouts(own.database)
    let end = future
    _ = try logouts.exchange([("a", end)])
    let connection = try PostgresConnection(own.settings)
    defer { connection.close() }
    try connection.execute("DROP SCHEMA \(PostgresConnection.identifier("\(own.database.namespace.name)._sessions")) CASCADE")
    _ = try? logouts.exchange([])
    #expect(try texts(logouts.exchange([("b", end)])) == ["b \(end)"])
  }
}

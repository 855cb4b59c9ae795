import ChangeLog
import Foundation
import Postgres
import PostgresReadModels
import PostgresTestKit
import Testing

/// One process at a time works on a pipeline's read models.
@Suite(.timeLimit(.minutes(1)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct WorkerClaimTests {
  /// Of a worker with a name of its own.
  private func claim(_ name: String, _ pipelines: [String], _ namespace: String) throws -> WorkerClaim {
    var settings = try PostgresCluster.shared().settings()
    settings.applicationName = name
    return WorkerClaim(PostgresDatabase(settings, namespace: try Namespace(namespace)), pipelines: pipelines)
  }

  private func refusal(_ claim: WorkerClaim) -> WorkerClaim.Refusal? {
    do throws(WorkerClaim.Refusal) {
      try claim.take()
      return nil
    } catch {
      return error
    }
  }

  private func isHeld(_ refusal: WorkerClaim.Refusal?, _ pipeline: String, by name: String) -> Bool {
    guard case .held(pipeline, let holder)? = refusal else { return false }
    return holder.hasPrefix("\(name) from 127.0.0.1") || holder.hasPrefix("\(name), connected since ")
  }

  @Test func `a second worker is refused with the name of the first, until that one leaves`() throws {
    let own = "t\(UInt32.random(in: 0 ... .max))"
    let first = try claim("first", ["chat", "games"], own)
    let second = try claim("second", ["games", "shops"], own)
    #expect(refusal(first) == nil)
    #expect(refusal(first) == nil)
    let refused = refusal(second)
    #expect(isHeld(refused, "games", by: "first"), "\(String(describing: refused))")
    // What a refused worker had taken before is free again, and other pipelines and environments never were.
    #expect(refusal(try claim("third", ["shops"], own)) == nil)
    #expect(refusal(try claim("other", ["games"], own + "x")) == nil)
    first.close()
    // The server lets go of what the connection held when it has noticed its end.
    let end = ContinuousClock.now + .seconds(20)
    while refusal(second) != nil {
      try #require(ContinuousClock.now < end)
      usleep(5_000)
    }
    let late = refusal(first)
    #expect(isHeld(late, "games", by: "second"), "\(String(describing: late))")
    second.close()
  }

  @Test func `a lost connection is the loss of the right, which is taken again where nobody has it`() throws {
    let own = "t\(UInt32.random(in: 0 ... .max))"
    let name = "lost-\(own)"
    let first = try claim(name, ["chat"], own)
    #expect(refusal(first) == nil)
    let server = try PostgresConnection(PostgresCluster.shared().settings())
    defer { server.close() }
    func cut() throws {
      let cut = PostgresQuery(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = '\(name)'")
      #expect(try server.run([cut])[0].int64(0, 0) == 1)
    }
    try cut()
    #expect(refusal(first) == nil)
    try cut()
    let second = try claim("second", ["chat"], own)
    #expect(refusal(second) == nil)
    let late = refusal(first)
    #expect(isHeld(late, "chat", by: "second"), "\(String(describing: late))")
    second.close()
    first.close()
  }

  @Test func `a server that does not answer is not taken for another worker`() throws {
    let nowhere = WorkerClaim(PostgresDatabase(PostgresSettings("postgres://127.0.0.1:1/x")), pipelines: ["chat"])
    guard case .unavailable(let reason)? = refusal(nowhere) else {
      Issue.record("it was had")
      return
    }
    #expect(reason.contains("Connection refused"), "\(reason)")
  }
}

import ChangeRecords
import Foundation
import LiteralTestKit
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import ReadModelConformance
import ReadModels
import Synchronization
import Testing

/// A worker that stops in the middle of a checkpoint, with rows locked that others touch, holds them up for a while and not for ever.
@Suite(.timeLimit(.minutes(2)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct SuspendedWorkerTests {
  /// Keeps the answer to the first statement that locks groups back, until it is let go.
  private final class Gate: Sendable {
    let isClosed = Atomic<Bool>(false)
    let wasClosed = Atomic<Bool>(false)
    let opened = DispatchSemaphore(value: 0)
  }

  private struct Watcher: LoopbackProxy.Watcher {
    let gate: Gate

    mutating func sent(_ bytes: ArraySlice<UInt8>) {
      guard String(decoding: bytes, as: UTF8.self).contains("INSERT INTO _groups") else { return }
      if !gate.wasClosed.exchange(true, ordering: .relaxed) { gate.isClosed.store(true, ordering: .relaxed) }
    }

    func passes(_ answer: ArraySlice<UInt8>) -> Bool {
      if gate.isClosed.exchange(false, ordering: .relaxed) { gate.opened.wait() }
      return true
    }
  }

  @Test func `the server ends its transaction, the others go on, and it begins its checkpoint again`() async throws {
    let cluster = try PostgresCluster.shared()
    let own = try OwnSchema(StorePipelines.groups)
    let history = try StorePipelines.random(StorePipelines.groups, seed: 7, writes: 80, partitions: 2)
    let lanes = (0..<2).map { LaneID(table: 0, partition: $0) }
    let other = try own.worker("other")
    let gate = Gate()
    let proxy = try LoopbackProxy(.socket("\(cluster.directory)/.s.PGSQL.\(cluster.port)")) { Watcher(gate: gate) }
    let settings = PostgresSettings(
      "host=127.0.0.1 port=\(proxy.port) user=\(PostgresCluster.user) dbname=postgres sslmode=disable gssencmode=disable")
    let database = PostgresDatabase(settings, namespace: own.database.namespace)
    nonisolated(unsafe) let suspended = LaneHand(try PostgresGeneration(database, own.generation, pipeline: own.pipeline))
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      #expect(throws: Never.self) { try suspended.checkpoint(lanes[0], history) }
      done.signal()
    }
    let end = ContinuousClock.now + .seconds(30)
    while try own.connection().run(
      "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%_groups%'"
    ).int64(0, 0) == 0 {
      try #require(ContinuousClock.now < end)
      try await Task.sleep(for: .milliseconds(20))
    }
    let begun = ContinuousClock.now
    try other.checkpoint(lanes[1], history)
    #expect(begun.duration(to: .now) < .seconds(20))
    gate.opened.signal()
    done.wait()
    let quiet = try OwnSchema(StorePipelines.groups)
    for lane in lanes { try quiet.worker().checkpoint(lane, history) }
    #expect(try own.everything() == quiet.everything())
  }
}

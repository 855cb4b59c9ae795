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
import RecordLiteralTestKit
import Synchronization
import Testing

/// A worker that stops in the middle of its work, with rows locked that others touch, holds them up for a while and not for ever.
@Suite(.timeLimit(.minutes(2)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct SuspendedWorkerTests {
  /// A way to the database on which the answer to the first statement of a kind is kept back, until it is let go.
  private final class Suspended: Sendable {
    private let isClosed = Atomic<Bool>(false)
    private let wasClosed = Atomic<Bool>(false)
    private let opened = DispatchSemaphore(value: 0)
    private let statement: String
    private let proxy = Mutex<LoopbackProxy?>(nil)

    private struct Watcher: LoopbackProxy.Watcher {
      let way: Suspended

      mutating func sent(_ bytes: ArraySlice<UInt8>) {
        guard String(decoding: bytes, as: UTF8.self).contains(way.statement) else { return }
        if !way.wasClosed.exchange(true, ordering: .relaxed) { way.isClosed.store(true, ordering: .relaxed) }
      }

      func passes(_ answer: ArraySlice<UInt8>) -> Bool {
        if way.isClosed.exchange(false, ordering: .relaxed) { way.opened.wait() }
        return true
      }
    }

    init(at statement: String) { self.statement = statement }

    /// The namespace of `own` by this way.
    func database(_ own: OwnSchema) throws -> PostgresDatabase {
      let cluster = try PostgresCluster.shared()
      let proxy = try LoopbackProxy(.socket("\(cluster.directory)/.s.PGSQL.\(cluster.port)")) { Watcher(way: self) }
      self.proxy.withLock { $0 = proxy }
      let settings = PostgresSettings(
        "host=127.0.0.1 port=\(proxy.port) user=\(PostgresCluster.user) dbname=postgres sslmode=disable gssencmode=disable")
      return PostgresDatabase(settings, namespace: own.database.namespace)
    }

    func goOn() { opened.signal() }

    /// Until the statement is on its way, and the server has carried out all that was sent with it, of which `last` is the end.
    func stands(_ own: OwnSchema, _ state: String, last: String? = nil) async throws {
      let end = ContinuousClock.now + .seconds(30)
      while try !wasClosed.load(ordering: .relaxed)
        || own.connection().run("SELECT 1 FROM pg_stat_activity WHERE state = '\(state)' AND query LIKE '%\(last ?? statement)%'")
          .count
          == 0
      {
        try #require(ContinuousClock.now < end)
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  /// Runs what does not come back before it is let go on.
  private static func begin(_ body: @escaping @Sendable () throws -> Void) -> DispatchSemaphore {
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      #expect(throws: Never.self) { try body() }
      done.signal()
    }
    return done
  }

  @Test func `the server ends its transaction, the others go on, and it begins its checkpoint again`() async throws {
    let own = try OwnSchema(StorePipelines.groups)
    let history = try StorePipelines.random(StorePipelines.groups, seed: 7, writes: 80, partitions: 2)
    let lanes = (0..<2).map { LaneID(table: 0, partition: $0) }
    let other = try own.worker("other")
    let way = Suspended(at: "INSERT INTO _groups")
    nonisolated(unsafe) let suspended = LaneHand(
      try PostgresGeneration(way.database(own), own.generation, pipeline: own.pipeline))
    let done = Self.begin { try suspended.checkpoint(lanes[0], history) }
    try await way.stands(own, "idle in transaction", last: "JOIN _boards b")
    let begun = ContinuousClock.now
    try other.checkpoint(lanes[1], history)
    #expect(begun.duration(to: .now) < .seconds(20))
    way.goOn()
    done.wait()
    let quiet = try OwnSchema(StorePipelines.groups)
    for lane in lanes { try quiet.worker().checkpoint(lane, history) }
    #expect(try own.everything() == quiet.everything())
  }

  @Test func `in the middle of what it says of its lanes it holds up nobody who has them now`() async throws {
    let own = try OwnSchema(StorePipelines.groups)
    let way = Suspended(at: "INSERT INTO lane_reports")
    nonisolated(unsafe) let suspended = try way.database(own).stores.pipeline("p")
    let other = try PostgresDatabase(own.settings, namespace: own.database.namespace).stores.pipeline("p")
    let report = WorkReport(lanes: [
      WorkReport.Lane(
        generation: own.generation.number, table: "T", partition: 0, sequence: 1, behind: 0, watermark: .distantPast,
        deadLetters: 0, retention: nil, stopped: nil)
    ])
    let done = Self.begin { try suspended.report(report) }
    try await way.stands(own, "idle")
    let begun = ContinuousClock.now
    try other.report(report)
    #expect(begun.duration(to: .now) < .seconds(5))
    way.goOn()
    done.wait()
  }

  @Test func `the server ends what it has begun in a catalog, too`() async throws {
    let own = try OwnSchema(StorePipelines.groups)
    let way = Suspended(at: "LOCK TABLE effects")
    nonisolated(unsafe) let suspended = try way.database(own).stores.pipeline("p")
    let other = try PostgresDatabase(own.settings, namespace: own.database.namespace).stores.pipeline("p")
    let done = Self.begin { try suspended.activate(["e"], at: []) }
    try await way.stands(own, "idle in transaction")
    let begun = ContinuousClock.now
    try other.activate(["e"], at: [])
    #expect(begun.duration(to: .now) < .seconds(20))
    way.goOn()
    done.wait()
  }
}

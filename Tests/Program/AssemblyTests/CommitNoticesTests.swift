import ChangeLog
import Postgres
import PostgresReadModels
import PostgresTestKit
import Services
import Testing

@testable import Assembly

/// What processes that share a database tell each other of their commits.
@Suite(
  .timeLimit(.minutes(1)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct CommitNoticesTests {
  private static let waitMax = Duration.seconds(20)

  /// One that commits when the test says so, and hears of others.
  private final class Process: Sendable {
    let committed = Signal()
    let changed = Signal()
    let name: String
    private let service: Task<Void, any Error>

    init(_ namespace: Namespace) throws {
      var settings = try PostgresCluster.shared().settings()
      name = "process\(UInt32.random(in: 0 ... .max))"
      settings.applicationName = name
      let notices = CommitNotices(PostgresDatabase(settings, namespace: namespace), committed: committed, changed: changed)
      service = Task { try await notices.run() }
    }

    deinit { service.cancel() }

    /// Waits until it hears: what was before that it does not know, and so it looks once.
    func hears() async { await changed.wait(since: 0, timeout: CommitNoticesTests.waitMax) }

    /// Commits until the other has heard of something; whether it has.
    func commit(heardBy other: Process) async -> Bool {
      let ticket = other.changed.ticket
      let end = ContinuousClock.now + CommitNoticesTests.waitMax
      while other.changed.ticket == ticket, ContinuousClock.now < end {
        // The first may be too early for a process that only begins.
        committed.announce()
        await other.changed.wait(since: ticket, timeout: .seconds(1))
      }
      return other.changed.ticket > ticket
    }
  }

  @Test func `what one commits wakes those of its namespace, not itself, and so it does after a lost connection`() async throws {
    let namespace = try Namespace("n\(UInt32.random(in: 0 ... .max))")
    let (one, other, stranger) = (
      try Process(namespace), try Process(namespace), try Process(try Namespace("n\(UInt32.random(in: 0 ... .max))"))
    )
    for process in [one, other, stranger] { await process.hears() }
    for _ in 0..<3 { #expect(await one.commit(heardBy: other)) }
    // Nobody looks by himself.
    #expect(one.changed.ticket == 1 && stranger.changed.ticket == 1)

    let ticket = other.changed.ticket
    try PostgresConnection(PostgresCluster.shared().settings()).run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", .text(other.name))
    // It looks when it notices, and again when it hears: there may have been notices in between.
    for number in 0..<2 as Range<UInt64> { await other.changed.wait(after: ticket + number, for: Self.waitMax) }
    #expect(other.changed.ticket == ticket + 2)
    #expect(await one.commit(heardBy: other))
  }

  @Test func `many commits are one notice, at most every 20 ms`() async throws {
    let namespace = try Namespace("n\(UInt32.random(in: 0 ... .max))")
    let (one, other) = (try Process(namespace), try Process(namespace))
    for process in [one, other] { await process.hears() }
    #expect(await one.commit(heardBy: other))
    let (first, start) = (other.changed.ticket, ContinuousClock.now)
    while other.changed.ticket < first + 10, start.duration(to: .now) < Self.waitMax {
      let ticket = other.changed.ticket
      for _ in 0..<100 { one.committed.announce() }
      await other.changed.wait(since: ticket, timeout: .milliseconds(1))
    }
    #expect(other.changed.ticket >= first + 10)
    #expect(start.duration(to: .now) > .milliseconds(9 * 20))
  }
}

extension Signal {
  /// Returns when more than so much was announced, or after the time.
  fileprivate func wait(after count: UInt64, for time: Duration) async {
    if ticket <= count { await wait(since: count, timeout: time) }
  }
}

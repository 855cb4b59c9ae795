import Foundation
import Postgres
import Testing

/// One worker's checkpoint held at some step of it, until the hold is let go. Used by one thread.
final class CheckpointHold {
  /// Where a checkpoint is held: before or after a statement changes rows of a table, at the commit of that, or where it locks them.
  enum Moment: String, CaseIterable { case before, after, commit, lock }

  /// Work on a thread of its own; what came of it.
  final class Commit: Sendable {
    private let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) private var failure: (any Error)?
    nonisolated(unsafe) private var isOver = false

    init(_ work: @escaping () throws -> Void) {
      nonisolated(unsafe) let work = work
      Thread.detachNewThread {
        do { try work() } catch { self.failure = error }
        self.isOver = true
        self.done.signal()
      }
    }

    /// Waits for its end.
    func end() throws {
      done.wait()
      if let failure { throw failure }
    }

    /// To be asked while others wait, too.
    var hasEnded: Bool {
      guard done.wait(timeout: .now()) == .success else { return false }
      done.signal()
      return isOver
    }
  }

  private let moment: Moment
  private let name: String
  private let words: String
  private let watcher: PostgresConnection
  private let holder: PostgresConnection

  /// Holds checkpoints of the worker that the server shows by `name`; `words` say where in a failure.
  init(_ own: OwnSchema, _ moment: Moment, of table: String, by name: String, saying words: String) throws {
    self.moment = moment
    self.name = name
    self.words = words
    (watcher, holder) = (try own.connection(), try own.connection())
    if moment == .lock {
      try holder.execute("BEGIN; SELECT 1 FROM \(table) FOR UPDATE")
      return
    }
    let gate = Int64.random(in: 0 ... .max)
    let (kind, more) = moment == .commit ? ("CONSTRAINT ", " DEFERRABLE INITIALLY DEFERRED") : ("", "")
    try own.execute(
      """
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('application_name') = '\(name)' THEN PERFORM pg_advisory_xact_lock_shared(\(gate)); END IF;
      RETURN coalesce(NEW, OLD); END $$;
      CREATE \(kind)TRIGGER hold \(moment == .before ? "BEFORE" : "AFTER") INSERT OR UPDATE OR DELETE ON \(table)\(more)
      FOR EACH ROW EXECUTE FUNCTION hold()
      """)
    try holder.run("SELECT pg_advisory_lock($1)", .bigint(gate))
  }

  /// Begins one checkpoint, of the worker that is held; once it has come to the hold, begins another one; once that has come to its end or to a lock,
  /// lets go. Both come to their ends.
  func run(_ held: @escaping () throws -> Void, beside other: @escaping () throws -> Void, by others: String) throws {
    let first = Commit(held)
    try wait("the hold at \(words)") {
      try #require(!first.hasEnded, "the checkpoint does not come by \(words)")
      return try waits(name, for: moment == .lock ? "%" : "advisory")
    }
    let second = Commit(other)
    try wait("the other's end, or its wait at \(words)") { try second.hasEnded || waits(others, for: "%") }
    #expect(!first.hasEnded)
    holder.close()
    try first.end()
    try second.end()
    watcher.close()
  }

  /// Whether a session of this name waits for a lock.
  private func waits(_ name: String, for event: String) throws -> Bool {
    try watcher.run(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock' AND wait_event LIKE $2",
      .text(name), .text(event)
    ).int64(0, 0) > 0
  }

  private func wait(_ what: String, _ fact: () throws -> Bool) throws {
    let end = ContinuousClock.now + .seconds(20)
    while try !fact() {
      try #require(ContinuousClock.now < end, "\(what) does not come")
      usleep(2_000)
    }
  }
}

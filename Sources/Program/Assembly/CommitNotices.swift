internal import ChangeLog
internal import Postgres
internal import PostgresReadModels
internal import Services

/// Tells the processes that share a database of this one's commits, and hears of theirs, by NOTIFY on a channel of the namespace's name.
///
/// A notice is a hint: it comes after the commit, on a connection of its own, at most every 20 ms, and whoever follows looks again and again without one.
final class CommitNotices: Service {
  let name = "commit notices"

  /// Between two notices of a process: each of them wakes every process.
  private static let interval = Duration.milliseconds(20)
  /// How often is looked while nothing can be heard, and how long one wait for a notice takes.
  private static let lookInterval = Duration.milliseconds(250)
  private static let hearingMax = Duration.milliseconds(100)

  private let committed: Signal
  private let changed: Signal
  private let sayer: Line
  private let hearer: Line

  /// `committed` is announced by this process's commits; `changed` is announced here by those of others.
  init(_ database: PostgresDatabase, committed: Signal, changed: Signal) {
    self.committed = committed
    self.changed = changed
    sayer = Line(database, listens: false)
    hearer = Line(database, listens: true)
  }

  func run() async throws {
    await withDiscardingTaskGroup { group in
      group.addTask { [self] in
        while !Task.isCancelled {
          let ticket = committed.ticket
          await committed.wait(since: ticket, timeout: .seconds(60))
          if committed.ticket == ticket { continue }
          await sayer.say()
          try? await Task.sleep(for: CommitNotices.interval)
        }
      }
      group.addTask { [self] in
        while !Task.isCancelled {
          switch await hearer.hear(CommitNotices.hearingMax) {
          case true?: changed.announce()
          case false?: break
          case nil:
            changed.announce()
            try? await Task.sleep(for: CommitNotices.lookInterval)
          }
        }
      }
    }
  }

  /// A connection for notices, made again when it was lost. Its calls wait for the server.
  private actor Line {
    private let executor = BlockingExecutor("commit notices")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let database: PostgresDatabase
    private let listens: Bool
    private var made: PostgresConnection?

    init(_ database: PostgresDatabase, listens: Bool) {
      self.database = database
      self.listens = listens
    }

    private func connection() throws(PostgresError) -> PostgresConnection {
      if let made, !made.isBroken { return made }
      made?.close()
      made = nil
      let connection = try PostgresConnection(database.settings)
      if listens { try connection.listen(to: database.namespace.name) }
      made = connection
      return connection
    }

    func say() {
      // Who does not hear it looks anyway.
      try? connection().notify(database.namespace.name, database.worker)
    }

    /// Whether another process has committed something; nil when that cannot be heard, and at the first call of a connection, before which there may
    /// have been notices.
    func hear(_ limit: Duration) -> Bool? {
      do throws(PostgresError) {
        guard made != nil else {
          _ = try connection()
          return nil
        }
        return try connection().notifications(within: limit).contains { $0.payload != database.worker }
      } catch {
        made?.close()
        made = nil
        return nil
      }
    }
  }
}

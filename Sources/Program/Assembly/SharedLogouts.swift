internal import PostgresReadModels
internal import QueryAPI
internal import Services
internal import Telemetry

/// Tells the other query processes of logouts on this one's page, at once, and hears of theirs within a second, through the database that all share.
actor SharedLogouts: Service {
  nonisolated let name = "logouts"
  private let executor = BlockingExecutor("logouts")
  private let logouts: PostgresLogouts
  private let keys: PageKeys
  private let logger: Logger
  /// Why others cannot be heard, as last said.
  private var said: String?

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private static let interval = Duration.seconds(1)

  /// Hears of those before: a process that begins takes no session that was ended elsewhere.
  init(_ database: PostgresDatabase, _ keys: PageKeys, _ logger: Logger) {
    let logouts = PostgresLogouts(database)
    said = SharedLogouts.exchange(logouts, keys)
    if let said { SharedLogouts.warn(said, logger) }
    self.logouts = logouts
    self.keys = keys
    self.logger = logger
  }

  func run() async throws {
    defer { logouts.close() }
    while !Task.isCancelled {
      let ticket = keys.loggedOut.ticket
      let trouble = SharedLogouts.exchange(logouts, keys)
      if let trouble, trouble != said { SharedLogouts.warn(trouble, logger) }
      said = trouble
      await keys.loggedOut.wait(since: ticket, timeout: SharedLogouts.interval)
    }
  }

  /// What others were not told of stays to be told. Answers what was wrong.
  private static func exchange(_ logouts: PostgresLogouts, _ keys: PageKeys) -> String? {
    let untold = keys.untold
    do {
      let all = try logouts.exchange(untold.map { ($0.number, $0.expires) })
      keys.hear(all.map { EndedSession(number: $0.number, expires: $0.expires) }, told: untold)
      return nil
    } catch {
      return "\(error)"
    }
  }

  private static func warn(_ reason: String, _ logger: Logger) {
    logger.warning("logouts of the page are known to this process alone, trying again", ["reason": reason])
  }
}

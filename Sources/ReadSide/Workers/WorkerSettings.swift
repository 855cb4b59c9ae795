package import ChangeLog
package import Telemetry

/// How a worker paces itself, and where it counts.
package struct WorkerSettings: Sendable {
  package var pace: LanePace
  /// How long a read of the log waits for records.
  package var readWait: Duration
  /// A batch that stays in the processor's cache between being read and being decoded.
  package var readLimit: ReadLimit
  /// Steps of one projection that may wait for the decider: past it the lanes that are ahead wait for the one that holds it back.
  package var stepsWaitingMax: Int
  /// Active sessions of one projection that stay in memory, in all lanes together; those past it that were not touched for long are in the read
  /// model alone until they are touched or due. A few hundred bytes each.
  package var residentSessionsMax: Int
  /// Effects that are carried out at once.
  package var effectsAtOnce: Int
  /// How often a lane that stands still looks whether its log was published again, and how long records are kept.
  package var standStillInterval: Duration
  package var metrics: Metrics

  package init(
    pace: LanePace = LanePace(), readWait: Duration = .milliseconds(100),
    readLimit: ReadLimit = ReadLimit(records: 1024, bytes: 1 << 20), stepsWaitingMax: Int = 200_000,
    residentSessionsMax: Int = 100_000, effectsAtOnce: Int = 16, standStillInterval: Duration = .seconds(1),
    metrics: Metrics = Metrics()
  ) {
    self.pace = pace
    self.readWait = readWait
    self.readLimit = readLimit
    self.stepsWaitingMax = stepsWaitingMax
    self.residentSessionsMax = residentSessionsMax
    self.effectsAtOnce = effectsAtOnce
    self.standStillInterval = standStillInterval
    self.metrics = metrics
  }

  /// The pace of one of so many lanes: what they gather between checkpoints is bounded for all together.
  func pace(lanes: Int) -> LanePace {
    var share = pace
    share.rowsMax = max(min(pace.rowsMax, WorkerSettings.leastRowsMax), pace.rowsMax / max(1, lanes))
    return share
  }

  /// Below this many rows a checkpoint is not worth its transaction.
  private static let leastRowsMax = 5_000

  /// The share of one of so many lanes in the sessions that stay in memory.
  func residentSessions(lanes: Int) -> Int { residentSessionsMax / max(1, lanes) }
}

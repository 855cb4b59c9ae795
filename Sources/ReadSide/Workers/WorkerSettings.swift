package import ChangeLog

/// How a worker paces itself.
package struct WorkerSettings: Sendable {
  package var pace: LanePace
  /// How long a read of the log waits for records.
  package var readWait: Duration
  /// A batch that stays in the processor's cache between being read and being decoded.
  package var readLimit: ReadLimit
  /// Steps of one projection that may wait for the decider: past it the lanes that are ahead wait for the one that holds it back.
  package var stepsWaitingMax: Int
  /// Effects that are carried out at once.
  package var effectsAtOnce: Int
  /// How often a lane that stands still looks whether its log was published again, and how long records are kept.
  package var standStillInterval: Duration

  package init(
    pace: LanePace = LanePace(), readWait: Duration = .milliseconds(100),
    readLimit: ReadLimit = ReadLimit(records: 1024, bytes: 1 << 20), stepsWaitingMax: Int = 200_000, effectsAtOnce: Int = 16,
    standStillInterval: Duration = .seconds(1)
  ) {
    self.pace = pace
    self.readWait = readWait
    self.readLimit = readLimit
    self.stepsWaitingMax = stepsWaitingMax
    self.effectsAtOnce = effectsAtOnce
    self.standStillInterval = standStillInterval
  }
}

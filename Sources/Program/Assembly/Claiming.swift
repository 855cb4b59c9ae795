internal import Glibc
internal import PostgresReadModels
internal import Services
internal import Telemetry

/// Keeps the right to work on read models in a database, and ends the process when another has taken it.
actor Claiming: Service {
  nonisolated let name = "claim on read models"
  private let executor = BlockingExecutor("claim on read models")
  private let claim: WorkerClaim
  private let logger: Logger

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// How long a process that is about to leave is waited for.
  private static let waitMax = Duration.seconds(10)
  private static let interval = Duration.seconds(1)
  private static let pauseMicroseconds: UInt32 = 200_000

  /// Takes the right. Throws when the database cannot be asked, or another process has it and keeps it.
  init(_ database: PostgresDatabase, pipelines: [String], _ logger: Logger) throws(StartError) {
    let claim = WorkerClaim(database, pipelines: pipelines)
    let end = ContinuousClock.now + Claiming.waitMax
    while let refusal = Claiming.take(claim) {
      guard case .held = refusal, ContinuousClock.now < end else { throw StartError("--read-models: \(refusal)") }
      usleep(Claiming.pauseMicroseconds)
    }
    self.claim = claim
    self.logger = logger
  }

  /// Nil when the right is had.
  private static func take(_ claim: WorkerClaim) -> WorkerClaim.Refusal? {
    do throws(WorkerClaim.Refusal) {
      try claim.take()
      return nil
    } catch {
      return error
    }
  }

  /// Looks again and again. While the database is away nothing is known, and lanes wait too; another process that has the right when it is back, and
  /// keeps it, is the end of this one.
  func run() async throws {
    defer { claim.close() }
    var heldSince: ContinuousClock.Instant?
    while !Task.isCancelled {
      switch Claiming.take(claim) {
      case .held(let pipeline, let holder):
        if heldSince == nil {
          logger.warning("another process works on the read models", ["pipeline": pipeline, "holder": holder])
        }
        let since = heldSince ?? .now
        heldSince = since
        if since.duration(to: .now) > Claiming.waitMax {
          throw StartError("--read-models: \(WorkerClaim.Refusal.held(pipeline: pipeline, holder: holder))")
        }
      case nil, .unavailable: heldSince = nil
      }
      try? await Task.sleep(for: Claiming.interval)
    }
  }
}

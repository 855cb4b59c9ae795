package import Foundation
internal import Synchronization

/// The parts of a worker that go round and round.
package enum WorkerStage: String, Sendable, CaseIterable {
  case lane, decider, effects
}

/// When the stages of a generation that are not lanes last came round. A stage that hangs is seen by its age.
package final class Heartbeats: Sendable {
  private let beats = Mutex<[WorkerStage: Date]>([:])

  func beat(_ stage: WorkerStage) { beats.withLock { $0[stage] = Date() } }
  /// The stage does not run here any more: another process leads, or the work is over.
  func end(_ stage: WorkerStage) { beats.withLock { _ = $0.removeValue(forKey: stage) } }

  /// By stage; a stage that does not run here is missing.
  package var last: [WorkerStage: Date] { beats.withLock { $0 } }
}

internal import DynamoModel
internal import Foundation
internal import Services
internal import Synchronization

/// Runs the jobs of a store on one thread, one after the other, in the order in which they began. A job that was running when
/// the process ended begins again at the next start: each gives the same however often it begins.
final class JobRunner: Sendable {
  /// Why a job cannot be carried out; anything else that a job throws is tried again.
  struct Failure: Error {
    let reason: String
  }

  /// The store is stopping: the job goes on at the next start.
  struct Stopped: Error {}

  typealias Work = @Sendable (_ job: TableJob, _ isStopping: @escaping @Sendable () -> Bool) throws -> Void

  private struct State {
    var waiting: [TableNumber] = []
    var isStopping = false
  }

  static let retrySeconds = 1.0

  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)
  private let thread = Mutex<OwnedThread?>(nil)
  private let job: @Sendable (TableNumber) -> TableJob?
  private let work: Work
  private let end: @Sendable (TableNumber, String?) -> Bool

  /// - Parameters:
  ///   - job: looks a job up; nil when it was deleted.
  ///   - end: marks it as done, or as failed with a reason; false when that could not be written.
  init(
    job: @escaping @Sendable (TableNumber) -> TableJob?, work: @escaping Work,
    end: @escaping @Sendable (TableNumber, String?) -> Bool
  ) {
    (self.job, self.work, self.end) = (job, work, end)
  }

  func start() throws(OwnedThread.NotStarted) {
    let started = try OwnedThread("table jobs") { [self] in run() }
    thread.withLock { $0 = started }
  }

  func add(_ id: TableNumber) {
    state.withLock { $0.waiting.append(id) }
    wake.signal()
  }

  func stop() {
    let first = state.withLock { state in
      defer { state.isStopping = true }
      return !state.isStopping
    }
    guard first else { return }
    wake.signal()
    thread.withLock { $0 }?.join()
  }

  private func run() {
    while true {
      let (next, isStopping) = state.withLock { ($0.waiting.first, $0.isStopping) }
      if isStopping { break }
      guard let next else {
        wake.wait()
        continue
      }
      guard carryOut(next) else {
        _ = wake.wait(timeout: .now() + JobRunner.retrySeconds)
        continue
      }
      state.withLock { _ = $0.waiting.removeFirst() }
    }
  }

  /// False when it must be tried again.
  private func carryOut(_ id: TableNumber) -> Bool {
    guard let job = job(id) else { return true }
    do {
      try work(job) { [self] in state.withLock { $0.isStopping } }
      return end(id, nil)
    } catch let failure as Failure {
      return end(id, failure.reason)
    } catch {
      return false
    }
  }
}

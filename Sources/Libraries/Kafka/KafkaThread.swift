internal import Dispatch

/// The serial executor of this module's actors: their calls wait for brokers, and must not hold one of the few threads that the
/// concurrency runtime has.
final class KafkaThread: SerialExecutor {
  private let queue: DispatchQueue

  init(_ label: String) { queue = DispatchQueue(label: label) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    queue.async { job.runSynchronously(on: executor) }
  }
}

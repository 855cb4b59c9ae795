internal import Dispatch

/// A serial executor on a thread of its own kind: for actors whose calls block (a database, a C library), so that they never hold
/// one of the few threads that the concurrency runtime has.
package final class BlockingExecutor: SerialExecutor {
  private let queue: DispatchQueue

  package init(_ label: String) { queue = DispatchQueue(label: label) }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    queue.async { job.runSynchronously(on: executor) }
  }
}

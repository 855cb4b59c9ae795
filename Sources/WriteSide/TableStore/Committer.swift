internal import Dispatch
internal import DynamoModel
internal import Glibc
internal import RocksDB
internal import Services
internal import Synchronization

/// The one thread that writes. It takes all requests that wait, evaluates them in order in one `CommitRound`, writes once
/// with sync, publishes, and answers all: while one round is synced the next one gathers.
///
/// Sendable because the queue is touched only under `mutex`, and everything else only by the committer's own thread.
final class Committer: @unchecked Sendable {
  typealias Completion = @Sendable (Result<[WriteResult], DynamoError>) -> Void

  private enum Request {
    case write(WriteTransaction, Completion)
    case control(() -> Void)
  }

  static let roundTransactionsMax = 1024
  /// TTL removals in one round, each a few reads and one record of the item's size.
  static let roundRemovalsMax = 1000
  /// Fewer answers than this are given before the next round begins: another thread would cost more.
  static let answersApartMin = 8
  /// How often the clock's ceilings are looked after while nobody writes, in milliseconds. Less than half the near lease, so that
  /// watermarks do not wait for it.
  static let idleTick = 100

  /// How often a store whose disk has failed is tried again, in milliseconds.
  static let recoveryInterval: Int64 = 1_000

  private let shared: StoreState
  private let report: @Sendable (StoreEvent) -> Void
  /// After a failed write: when it is tried again, in milliseconds since boot.
  private var recoveryDue: Int64?
  /// In order, one after the other, on whichever thread.
  private let answering = DispatchQueue(label: "afterimage.committer.answers", qos: .userInitiated)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var queue: [Request] = []
  /// How many the queue holds, for who looks without the mutex.
  private let waiting = Atomic<Int>(0)
  private var attention = Attention()
  private var isStopping = false
  private var thread: OwnedThread?

  init(_ shared: StoreState, report: @escaping @Sendable (StoreEvent) -> Void) {
    self.shared = shared
    self.report = report
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  /// Begins to take requests. To be called once, before any other thread knows the committer.
  func start() throws(OwnedThread.NotStarted) { thread = try OwnedThread("committer") { [self] in run() } }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  func submit(_ transaction: WriteTransaction, _ completion: @escaping Completion) {
    pthread_mutex_lock(mutex)
    let refused = isStopping
    if !refused {
      enqueue(.write(transaction, completion))
    }
    pthread_mutex_unlock(mutex)
    if refused { completion(.failure(Committer.stopping)) }
  }

  static let stopping = DynamoError(.serviceUnavailable, "The table store is stopping")

  /// Has `body` run on the committer's thread, after what was submitted before and between two rounds; false, and it is not run, when the store
  /// is stopping.
  func submit(_ body: @escaping () -> Void) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if isStopping { return false }
    enqueue(.control(body))
    return true
  }

  /// To be called with the mutex.
  private func enqueue(_ request: Request) {
    queue.append(request)
    waiting.store(queue.count, ordering: .relaxed)
    pthread_cond_signal(condition)
  }

  /// Runs `body` on the committer's thread between two rounds, and waits for it. Not to be called from that thread.
  func perform<Value>(_ body: @escaping () throws(DynamoError) -> Value) throws(DynamoError) -> Value {
    var result: Result<Value, DynamoError> = .failure(Committer.stopping)
    let done = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(done, 0, 0)
    let isTaken = submit {
      do throws(DynamoError) {
        result = .success(try body())
      } catch {
        result = .failure(error)
      }
      sem_post(done)
    }
    if isTaken { while sem_wait(done) != 0 {} }
    sem_destroy(done)
    done.deallocate()
    return try result.get()
  }

  /// Finishes what is queued and ends the thread.
  func stop() {
    pthread_mutex_lock(mutex)
    let first = !isStopping
    isStopping = true
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
    guard first else { return }
    thread?.join()
    answering.sync {}
  }

  private func run() {
    beat()
    while let requests = take() {
      beat()
      recoverWhenDue()
      if requests.isEmpty {
        shared.extendClock()
        continue
      }
      var writes: [PendingWrite] = []
      for request in requests {
        switch request {
        case .write(let transaction, let completion): writes.append(PendingWrite(transaction, completion))
        case .control(let body):
          commit(&writes)
          body()
        }
      }
      commit(&writes)
    }
  }

  private func beat() {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    shared.committerBeat.store(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000, ordering: .relaxed)
  }

  /// After a failed write: says so once, and then tries every second whether the disk takes files again.
  private func recoverWhenDue() {
    guard let failure = shared.database.failure else { return }
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    let now = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    guard let due = recoveryDue else {
      recoveryDue = now + Committer.recoveryInterval
      return report(.writesRefused(failure.message))
    }
    guard now >= due else { return }
    recoveryDue = now + Committer.recoveryInterval
    do {
      guard try shared.recover() else { return }
      recoveryDue = nil
      report(.writesGoOn)
    } catch {
      report(.notRecovered("\(error)"))
    }
  }

  /// Leaves the processor to others until as many requests wait as are worth it, for a moment.
  private func attend() {
    guard let wait = attention.wait else { return }
    let end = ContinuousClock.now + wait.span
    while waiting.load(ordering: .relaxed) < wait.requests {
      guard ContinuousClock.now < end else { return attention.waitedInVain() }
      sched_yield()
    }
  }

  /// The requests that wait, at most a round's worth; empty after an idle tick; nil at the end.
  private func take() -> [Request]? {
    attend()
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if queue.isEmpty {
      if isStopping { return nil }
      var deadline = timespec()
      clock_gettime(CLOCK_REALTIME, &deadline)
      let nanoseconds = deadline.tv_nsec + Committer.idleTick * 1_000_000
      deadline.tv_sec += nanoseconds / 1_000_000_000
      deadline.tv_nsec = nanoseconds % 1_000_000_000
      pthread_cond_timedwait(condition, mutex, &deadline)
    }
    let count = min(queue.count, Committer.roundTransactionsMax)
    let taken = Array(queue[..<count])
    queue.removeFirst(count)
    waiting.store(queue.count, ordering: .relaxed)
    attention.took(count)
    return taken
  }

  /// Commits writes in order. A round ends early when it has removed as many items that were due as one may; the writes that wait for the
  /// rest of them go on in the next.
  private func commit(_ writes: inout [PendingWrite]) {
    guard !writes.isEmpty else { return }
    let start = ContinuousClock.now
    var place = 0
    while place < writes.count {
      let begun = place
      do throws(DynamoError) {
        try shared.commit { (round) throws(DynamoError) in
          var removalsLeft = Committer.roundRemovalsMax
          while place < writes.count, writes[place].advance(&round, &removalsLeft) { place += 1 }
        }
      } catch {
        // Also the one that had begun: what it did in this round is gone.
        place = min(place + 1, writes.count)
        for failed in begun..<place { writes[failed].fail(error) }
      }
    }
    attention.ended(in: start.duration(to: .now), waiting: waiting.load(ordering: .relaxed))
    answer(writes)
    writes.removeAll(keepingCapacity: true)
  }

  private func answer(_ writes: [PendingWrite]) {
    // While others wait for the next round it begins at once, and this one's callers get their answers meanwhile.
    pthread_mutex_lock(mutex)
    let areOthersWaiting = !queue.isEmpty
    pthread_mutex_unlock(mutex)
    let answers = writes.compactMap { write in write.result.map { (completion: write.completion, result: $0) } }
    if areOthersWaiting && answers.count >= Committer.answersApartMin {
      answering.async { for answer in answers { answer.completion(answer.result) } }
    } else {
      answering.sync { for answer in answers { answer.completion(answer.result) } }
    }
  }
}

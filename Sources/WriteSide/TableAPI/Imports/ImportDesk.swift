internal import ChangeRecords
internal import Dispatch
internal import DynamoModel
internal import Synchronization
internal import TableStore

/// Takes the batches of imports: reads them one after the other on a queue of its own, since each may be large, and hands them to the
/// committer in the order of their numbers. While one is written the next is read.
final class ImportDesk: Sendable {
  typealias Answering = @Sendable (Result<ImportOutcome, DynamoError>) -> Void

  /// Of requests that are in hand, read or not; more are refused as something that passes.
  static let pendingBytesMax = 128 << 20
  /// How long a batch waits for the one before it, in milliseconds.
  static let waitMax = 10_000

  private struct Key: Hashable {
    let tableID: TableID
    let name: String
  }

  private struct Pending: Sendable {
    let batch: ImportBatch
    let answer: Answering
  }

  private let store: TableStore
  private let pendingBytesMax: Int
  private let waitMax: Int
  private let reading = DispatchQueue(label: "afterimage.table-api.imports")
  private let pendingBytes = Mutex(0)
  private let orders = Mutex<[Key: ImportOrder<Pending>]>([:])

  init(store: TableStore, pendingBytesMax: Int = pendingBytesMax, waitMax: Int = waitMax) {
    self.store = store
    self.pendingBytesMax = pendingBytesMax
    self.waitMax = waitMax
  }

  /// Has `work` read a request of so many bytes in its turn. False, and it is not called, when too much is in hand; else `leave` is to be
  /// called when the request is answered.
  func enter(bytes: Int, _ work: @escaping @Sendable () -> Void) -> Bool {
    let isTaken = pendingBytes.withLock { pending in
      // One by itself is always taken.
      guard pending == 0 || pending + bytes <= pendingBytesMax else { return false }
      pending += bytes
      return true
    }
    if isTaken { reading.async(execute: work) }
    return isTaken
  }

  func leave(bytes: Int) { pendingBytes.withLock { $0 -= bytes } }

  /// Hands a batch to the committer, once those before it were; `answer` is called on some thread and must not block. To be called by the work of
  /// `enter` only: so batches are handed on one after the other.
  func take(_ batch: ImportBatch, _ table: TableHandle, answer: @escaping Answering) {
    let key = Key(tableID: table.description.tableID, name: batch.name)
    let pending = Pending(batch: batch, answer: answer)
    let arrival = orders.withLock { orders in
      var order = orders[key] ?? ImportOrder()
      // Read under the lock: what ended before is in the progress then.
      let arrival = order.arrived(pending, number: batch.number, applied: applied(batch, table))
      orders[key] = order.isIdle ? nil : order
      return arrival
    }
    switch arrival {
    case .handOn(let all): for one in all { handOn(one, table, key) }
    case .refuse: refuse(pending, table)
    case .wait(let id):
      reading.asyncAfter(deadline: .now() + .milliseconds(waitMax)) { [self] in
        let late = update(key) { $0.waitedLongEnough(id: id) }
        if let late = late ?? nil { refuse(late, table) }
      }
    }
  }

  /// Changes the order of an import that has something in hand; nil when it has nothing.
  private func update<Value: Sendable>(
    _ key: Key, _ change: @Sendable (inout ImportOrder<Pending>) -> Value
  ) -> Value? {
    orders.withLock { orders in
      guard var order = orders[key] else { return nil }
      let value = change(&order)
      orders[key] = order.isIdle ? nil : order
      return value
    }
  }

  private func handOn(_ pending: Pending, _ table: TableHandle, _ key: Key) {
    store.apply(pending.batch) { [self] result in
      let number = pending.batch.number
      let isRefused = if case .failure = result { true } else { false }
      let isMissing = isRefused && number > applied(pending.batch, table)
      let inVain = update(key) { $0.ended(number: number, isMissing: isMissing) } ?? []
      pending.answer(result)
      for one in inVain { refuse(one, table) }
    }
  }

  private func refuse(_ pending: Pending, _ table: TableHandle) {
    let (batch, applied) = (pending.batch, applied(pending.batch, table))
    pending.answer(.failure(.importOutOfStep(batch, table, applied: applied)))
  }

  /// The last batch of its import that is applied; 0 when that cannot be read.
  private func applied(_ batch: ImportBatch, _ table: TableHandle) -> Int {
    do throws(DynamoError) { return try store.importProgress(table, batch.name).batch } catch { return 0 }
  }
}

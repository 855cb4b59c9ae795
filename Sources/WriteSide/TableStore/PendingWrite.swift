internal import DynamoModel

/// A transaction that waits for the committer, and what became of it.
///
/// It is applied once everything due before it is removed. A batch that brings a time for each of its writes, to a table where something may be
/// due between them, is checked as a whole and then applied write by write, each after what is due at its own time, over several rounds when
/// that is much.
struct PendingWrite {
  let transaction: WriteTransaction
  let completion: Committer.Completion
  private(set) var result: Result<[WriteResult], DynamoError>?
  private var results: [WriteResult] = []

  init(_ transaction: WriteTransaction, _ completion: @escaping Committer.Completion) {
    self.transaction = transaction
    self.completion = completion
  }

  /// Goes on in a round; false when the round's removals are used up before the write could be applied.
  mutating func advance(_ round: inout CommitRound, _ removalsLeft: inout Int) -> Bool {
    do throws(DynamoError) {
      if isSeries(round) {
        guard try advanceSeries(&round, &removalsLeft) else { return false }
        result = .success(results)
      } else {
        guard try round.removeDue(before: transaction.times.first, transaction.actions, &removalsLeft) else { return false }
        result = .success(try round.apply(transaction))
      }
    } catch {
      result = .failure(error)
    }
    return true
  }

  /// The round in which it was, or had begun, could not be written.
  mutating func fail(_ error: DynamoError) { result = .failure(error) }

  private func isSeries(_ round: borrowing CommitRound) -> Bool {
    guard !transaction.isTransaction, transaction.token == nil, transaction.times.count > 1,
      transaction.times.count == transaction.actions.count
    else { return false }
    return transaction.actions.contains { round.removesBeforeWrites($0.table) }
  }

  private mutating func advanceSeries(_ round: inout CommitRound, _ removalsLeft: inout Int) throws(DynamoError) -> Bool {
    if results.isEmpty { try round.check(transaction) }
    for place in results.count..<transaction.actions.count {
      let (action, time) = (transaction.actions[place], transaction.times[place])
      guard try round.removeDue(before: time, [action], &removalsLeft) else { return false }
      results += try round.apply(WriteTransaction(actions: [action], time: time, cause: transaction.cause))
    }
    return true
  }
}

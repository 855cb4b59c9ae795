/// In which order the batches of one import go to the committer. Requests of several connections arrive in any order: a batch that comes before
/// its predecessor waits for it.
///
/// A value that decides; who holds it carries out what it answers. Whether a batch is applied is decided by the table's own progress: this
/// only keeps good clients from being refused.
struct ImportOrder<Batch> {
  /// One that waits, by a number of its own.
  private struct Waiting {
    let id: Int
    let number: Int
    let batch: Batch
  }

  /// The batch that may be handed on next; those with lower numbers always may.
  private var next = 0
  private var waiting: [Waiting] = []
  private var lastID = 0
  /// Batches that were handed on and have not ended.
  private var underWay = 0

  /// Nothing is waiting or under way: what is known may be forgotten.
  var isIdle: Bool { waiting.isEmpty && underWay == 0 }

  /// A batch so many before which are missing is not waited with.
  static var aheadMax: Int { 64 }

  enum Arrival {
    /// To be handed on in this order: the one that came, and those that waited for it.
    case handOn([Batch])
    /// It waits; `ended` or `waitedLongEnough` gives it back.
    case wait(id: Int)
    /// It is too far ahead of the last that came.
    case refuse
  }

  /// A batch has come. `applied`: the last batch that is applied, by the table's progress; asked for only when nothing is in hand.
  mutating func arrived(_ batch: Batch, number: Int, applied: @autoclosure () -> Int) -> Arrival {
    if isIdle { next = applied() + 1 }
    guard number - next <= ImportOrder.aheadMax else { return .refuse }
    guard number <= next else {
      lastID += 1
      waiting.append(Waiting(id: lastID, number: number, batch: batch))
      return .wait(id: lastID)
    }
    var all = [batch]
    if number == next { next += 1 }
    while let place = waiting.firstIndex(where: { $0.number <= next }) {
      if waiting[place].number == next { next += 1 }
      all.append(waiting.remove(at: place).batch)
    }
    underWay += all.count
    return .handOn(all)
  }

  /// A batch that was handed on has ended; `isMissing`: those after it cannot be applied, because it was refused and no other of its number is in the
  /// table. Answers those that wait in vain then.
  mutating func ended(number: Int, isMissing: Bool) -> [Batch] {
    underWay -= 1
    if !isMissing { return [] }
    next = min(next, number)
    defer { waiting = [] }
    return waiting.map(\.batch)
  }

  /// A batch has waited as long as it may: it, unless it was handed on or given back meanwhile.
  mutating func waitedLongEnough(id: Int) -> Batch? {
    waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0).batch }
  }
}

internal import DynamoModel
internal import Pipelines

/// Values that groups count, as they came: each group's are a list through one array, whose keys lie one after the other. What came of one value is
/// put together when the list is read.
struct CountedValues: Sendable {
  /// The values of one column of one group: the first and the last of its entries, or nothing.
  struct List: Sendable, BitwiseCopyable {
    fileprivate var first: Int32 = -1
    fileprivate var last: Int32 = -1
  }

  /// What is added to the count of one value.
  struct Change {
    /// The ordered bytes of what the column's form compares.
    let key: [UInt8]
    /// What is kept with it. Nil where contributions were only taken: who takes one of several back says nothing of those that stay.
    var kept: [UInt8]?
    var change: Int64
  }

  private struct Entry: Sendable, BitwiseCopyable {
    var next: Int32 = -1
    /// -1: nothing is kept.
    let keptCount: Int32
    let keyStart: Int
    let keyCount: Int32
    var change: Int32
  }

  private var entries: [Entry] = []
  /// Of each entry its key, then what is kept with it.
  private var texts: [UInt8] = []

  var count: Int { entries.count }

  mutating func add(_ value: Value, _ column: GroupPlan.Column, _ contribution: Contribution, to list: inout List) {
    let start = texts.count
    var keptCount: Int32 = -1
    let isGiven = contribution.sign > 0
    switch column.form {
    case .changes: contribution.stamp.appendOrdered(to: &texts)
    case .entries:
      // The item's key by its bytes, then the value: an item whose list is taken apart gives several.
      (column.order.map { contribution.inputs[$0] } ?? .null).appendOrdered(to: &texts)
      Value.bytes(contribution.itemKey).appendOrdered(to: &texts)
      value.appendOrdered(to: &texts)
    case .rows(let row):
      (column.order.map { contribution.inputs[$0] } ?? .null).appendOrdered(to: &texts)
      Value.bytes(contribution.itemKey).appendOrdered(to: &texts)
      for input in row { contribution.inputs[input].appendOrdered(to: &texts) }
    case .scores:
      value.appendOrdered(to: &texts)
      texts += contribution.itemKey
    default: value.appendOrdered(to: &texts)
    }
    let keyCount = texts.count - start
    switch column.form {
    case .values, .rows: keptCount = 0
    case .scores where contribution.isKnown(column.list): break
    case .scores where isGiven, .firsts where isGiven:
      contribution.stamp.appendOrdered(to: &texts)
      keptCount = Int32(texts.count - start - keyCount)
    case _ where isGiven:
      value.appendOrdered(to: &texts)
      keptCount = Int32(texts.count - start - keyCount)
    default: break
    }
    if repeatsLast(of: list, keyCount: keyCount, keptCount: keptCount, change: contribution.sign) {
      return texts.removeLast(texts.count - start)
    }
    let entry = Entry(
      keptCount: keptCount, keyStart: start, keyCount: Int32(keyCount), change: Int32(truncatingIfNeeded: contribution.sign))
    entries.append(entry)
    let place = Int32(entries.count - 1)
    if list.first < 0 { list.first = place } else { entries[Int(list.last)].next = place }
    list.last = place
  }

  /// Counts what was just written with the last entry, if it says the same and nothing is kept with it.
  private mutating func repeatsLast(of list: List, keyCount: Int, keptCount: Int32, change: Int64) -> Bool {
    guard list.last >= 0, keptCount == 0 else { return false }
    let last = entries[Int(list.last)]
    guard Int(last.keyCount) == keyCount else { return false }
    let isSame = texts.withUnsafeBytes { texts in
      Bytes.compare(
        UnsafeRawBufferPointer(rebasing: texts[last.keyStart..<last.keyStart + keyCount]),
        UnsafeRawBufferPointer(rebasing: texts[(texts.count - keyCount)...])) == 0
    }
    let (sum, overflow) = last.change.addingReportingOverflow(Int32(truncatingIfNeeded: change))
    guard isSame, !overflow else { return false }
    entries[Int(list.last)].change = sum
    return true
  }

  /// The changes of a list in the order of their keys, one for each key; of `kept` the last that was given, or the first.
  ///
  /// One that comes to nothing is among them where something is kept with it, because that may be another.
  func forEach(_ list: List, keepsFirst: Bool = false, _ body: (Change) throws -> Void) rethrows {
    var places: [Int32] = []
    var place = list.first
    while place >= 0 {
      places.append(place)
      place = entries[Int(place)].next
    }
    if places.count > 1 {
      texts.withUnsafeBytes { texts in
        places.sort { left, right in
          let order = Bytes.compare(key(left, texts), key(right, texts))
          return order != 0 ? order < 0 : left < right
        }
      }
    }
    var index = 0
    while index < places.count {
      let first = entries[Int(places[index])]
      var change = Change(
        key: Array(texts[first.keyStart..<first.keyStart + Int(first.keyCount)]), kept: kept(first), change: Int64(first.change))
      index += 1
      while index < places.count, isKey(change.key, of: places[index]) {
        let next = entries[Int(places[index])]
        if !keepsFirst || change.kept == nil, let kept = kept(next) { change.kept = kept }
        change.change += Int64(next.change)
        index += 1
      }
      if change.change == 0, change.kept?.isEmpty == true { continue }
      try body(change)
    }
  }

  private func kept(_ entry: Entry) -> [UInt8]? {
    let start = entry.keyStart + Int(entry.keyCount)
    return entry.keptCount < 0 ? nil : Array(texts[start..<start + Int(entry.keptCount)])
  }

  private func key(_ place: Int32, _ texts: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let entry = entries[Int(place)]
    return UnsafeRawBufferPointer(rebasing: texts[entry.keyStart..<entry.keyStart + Int(entry.keyCount)])
  }

  private func isKey(_ key: [UInt8], of place: Int32) -> Bool {
    texts.withUnsafeBytes { texts in key.withUnsafeBytes { Bytes.compare($0, self.key(place, texts)) == 0 } }
  }
}

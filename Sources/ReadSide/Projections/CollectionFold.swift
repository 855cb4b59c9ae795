internal import DynamoModel
internal import Pipelines

/// A row for each item, or for each element of a list of it. What the old image gave is taken away, what the new one gives is written.
struct CollectionFold: Fold {
  private let id: ProjectionID
  private let collection: Collection
  /// Of the lane's table.
  private let sources: [Source]
  private let names: ItemNames
  private var changes = CollectionChanges()
  /// Of a collection that keeps rows of unreadable items: by item, the places of rows that were written since the last checkpoint.
  private var written: [[UInt8]: [Int]] = [:]
  private var scratch: [UInt8] = []

  /// `sources` are those of the lane's table.
  init(_ collection: Collection, sources: [Source], names: ItemNames, id: ProjectionID) {
    self.id = id
    self.collection = collection
    self.sources = sources
    self.names = names
  }

  mutating func apply(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    let item = names.name(of: change)
    var given: [[Value]]? = []
    var failure: EvaluationFailure?
    if let new = change.new, let source = sources.first(where: { $0.holds(new) }) {
      do throws(EvaluationFailure) {
        given = try source.contributions(of: new, commit: nil)
      } catch {
        (given, failure) = (nil, error)
      }
    }
    // A bad image gives no row: those of the one before go, unless they are kept for as long as that.
    if given != nil || !collection.keepsUnreadable { take(change, item) }
    for inputs in given ?? [] {
      let count = changes.rows.count
      guard let place = place(inputs, item) else { continue }
      let isNew = change.isInsertion && changes.rows.count > count && !collection.keepsUnreadable
      changes.rows.values[place] =
        isNew ? .insert(inputs, itemKey: item, change.stamp) : .upsert(inputs, itemKey: item, change.stamp)
      if collection.keepsUnreadable { written[item, default: []].append(place) }
    }
    if let failure { throw failure }
  }

  /// Takes away the rows that the old image gave. Where it gave none because it is bad, rows of an image before it may have been kept: all of the item's.
  private mutating func take(_ change: Change, _ item: [UInt8]) {
    guard let old = change.old, let source = sources.first(where: { $0.holds(old) }) else { return }
    guard let given = try? source.contributions(of: old, commit: nil) else {
      guard collection.keepsUnreadable else { return }
      for place in written.removeValue(forKey: item) ?? [] { changes.rows.values[place] = nil }
      changes.cleared.append(item)
      return
    }
    for inputs in given {
      guard let place = place(inputs, item) else { continue }
      // What the store has not seen yet needs not be deleted there.
      if case .insert? = changes.rows.values[place] {
        changes.rows.values[place] = nil
      } else {
        changes.rows.values[place] = .delete(Array(inputs[..<collection.keyCount]), itemKey: item)
      }
    }
  }

  /// The place of the row among those that change. Nil when there is none, for a value of its key is null.
  private mutating func place(_ inputs: [Value], _ item: [UInt8]) -> Int? {
    scratch.removeAll(keepingCapacity: true)
    for index in 0..<collection.keyCount {
      if inputs[index].isNull { return nil }
      inputs[index].appendOrdered(to: &scratch)
    }
    scratch.append(contentsOf: item)
    return changes.rows.slot(of: scratch) { nil }
  }

  var hasChanges: Bool { changes.count > 0 }
  var changedRows: Int { changes.count }

  mutating func takeChanges(into all: inout LaneChanges) {
    if !hasChanges { return }
    var empty = CollectionChanges()
    empty.rows = changes.rows.emptied()
    all.collections[id] = changes
    changes = empty
    written = [:]
  }
}

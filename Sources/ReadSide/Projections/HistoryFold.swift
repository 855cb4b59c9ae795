internal import ChangeRecords
internal import DynamoModel
package import Pipelines

/// A row for each change, or for each element that a change added or removed.
///
/// A lane's changes come in order, so of the rows of one key the last ones that it holds are the latest. What `keep` would take away again at once is not
/// handed over.
struct HistoryFold: Fold {
  private let id: ProjectionID
  private let history: History
  /// Those of the lane's table.
  private let sources: [Source]
  /// Between which texts the positions of the lane's records lie.
  private let positions: Range<String>
  private var rows: [HistoryRow] = []
  /// The instant before which all deadlines have fired.
  private var clock: Instant?

  init(_ history: History, id: ProjectionID, lane: FoldRegistry.Lane) {
    self.history = history
    self.id = id
    let start = "\(lane.tableID):\(lane.partition)"
    // The sign after the colon.
    positions = "\(start):"..<"\(start);"
    let table = lane.table
    sources = history.sources.filter { $0.table == table }
  }

  mutating func apply(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    if change.isSnapshot { return }
    rows += try history.hasElements ? elementRows(change) : changeRows(change)
  }

  private func changeRows(_ change: Change) throws(EvaluationFailure) -> [HistoryRow] {
    let commit = change.stamp.time
    for source in sources {
      guard let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: commit) else {
        continue
      }
      let values = try source.values(of: image, commit: commit, old: change.old, new: change.new)
      let event: History.Event =
        switch source.event {
        case .inserted: .inserted
        case .changed: .changed
        default: change.isExpiry ? .expired : .removed
        }
      return [row(values, change, event)].compactMap { $0 }
    }
    return []
  }

  /// A change may add elements and remove others; that a list was rewritten is one row more, whichever of both is asked for.
  private func elementRows(_ change: Change) throws(EvaluationFailure) -> [HistoryRow] {
    let commit = change.stamp.time
    var made: [HistoryRow] = []
    for source in sources {
      guard let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: commit) else {
        continue
      }
      let elements = try source.elements(of: image, old: change.old, new: change.new, commit: commit)
      if let rewritten = elements.rewritten, !made.contains(where: { $0.event == .rewritten }) {
        made += [row(rewritten, change, .rewritten, ordinal: 0)].compactMap { $0 }
      }
      var event = History.Event.removed
      if case .added = source.event { event = .added }
      // Two rules for one list give one row of an element, that of the first.
      if made.contains(where: { $0.event == event }) { continue }
      made += elements.all.compactMap { row($0.values, change, event, ordinal: $0.ordinal) }
    }
    return made.sorted { ($0.ordinal, $0.event.rawValue) < ($1.ordinal, $1.event.rawValue) }
  }

  /// Nil when a value of the key is null.
  private func row(_ inputs: [Value], _ change: Change, _ event: History.Event, ordinal: Int? = nil) -> HistoryRow? {
    let key = inputs[..<history.keyCount]
    if key.contains(where: \.isNull) { return nil }
    var values = Array(key)
    values.append(.timestamp(change.stamp.time))
    values.append(.string(event.rawValue))
    values.append(.string(change.isExpiry ? "service" : "user"))
    if let ordinal { values.append(.integer(Int64(ordinal))) }
    values += inputs[history.keyCount...]
    return HistoryRow(values: values, stamp: change.stamp, event: event, ordinal: ordinal ?? 0)
  }

  mutating func fire(before time: Instant, _ out: inout LaneOutput) { clock = max(clock ?? time, time) }

  var hasChanges: Bool { !rows.isEmpty }
  var changedRows: Int { rows.count }
  var readsItemKeys: Bool { false }

  mutating func takeChanges(into changes: inout LaneChanges) {
    var taken = HistoryChanges()
    if let age = history.keepFor, let clock, clock.rawValue > .min + age {
      let bound = clock.advanced(by: -age)
      taken.expiry = HistoryChanges.Expiry(before: bound, positions: positions)
      rows.removeAll { $0.stamp.time < bound }
    }
    taken.rows = history.keepRows.map { latest($0) } ?? rows
    rows = []
    if !taken.rows.isEmpty || taken.expiry != nil { changes.histories[id] = taken }
  }

  /// Of each key the last rows, so many, in order.
  private func latest(_ count: Int) -> [HistoryRow] {
    var counts: [[Value]: Int] = [:]
    let kept = rows.reversed().filter { row in
      let key = Array(row.values[..<history.keyCount])
      counts[key, default: 0] += 1
      return counts[key, default: 0] <= count
    }
    return kept.reversed()
  }
}

/// A row of a history as a lane makes it.
package struct HistoryRow: Sendable {
  /// All columns but the last three, which are the stamp's.
  package let values: [Value]
  package let stamp: Stamp
  let event: History.Event
  let ordinal: Int
}

/// What a checkpoint writes of a history.
package struct HistoryChanges: Sendable {
  /// New rows, in the order of the lane's changes.
  package var rows: [HistoryRow] = []
  /// The rows of the lane that go by their age; nil where none does.
  package var expiry: Expiry?

  /// Rows of earlier times than one, at positions of one lane.
  package struct Expiry: Sendable {
    package let before: Instant
    package let positions: Range<String>
  }

  package init() {}

  /// The keys of the new rows, each once: what `keep` says of their number holds for them afterwards.
  package func keys(_ count: Int) -> [[Value]] {
    var seen: Set<[Value]> = []
    return rows.map { Array($0.values[..<count]) }.filter { seen.insert($0).inserted }
  }
}

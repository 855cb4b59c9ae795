internal import DynamoModel
internal import Pipelines

/// Groups of an aggregate as the decider folds them, change by change in their order: to see when a condition over their columns turns true. The rows of
/// the aggregate are not its own; these are made by the lanes.
///
/// Groups are loaded when changes touch them, and let go when all is committed. A group's counted values are in its state, which is written whole.
struct WatchFold: Sendable {
  /// An effect, by its index, and its condition.
  typealias Watch = (effect: Int, condition: RowCondition)

  private let plan: GroupPlan
  private let watches: [Watch]
  private var groups: [BytesKey: Group] = [:]
  private var changed: Set<BytesKey> = []

  /// A condition of a group has turned true.
  struct Turn {
    let effect: Int
    /// The group and its columns.
    let row: [Value]
    let stamp: Stamp
  }

  private struct Group: Sendable {
    var state: GroupState
    var values = HeldValues()

    /// What the group's row is; nil when it has none.
    mutating func row(_ key: [Value], _ plan: GroupPlan) throws -> [Value]? {
      guard state.isAlive(plan), state.contributions > 0 else { return nil }
      return key + (try state.shown(plan, &values)).values
    }
  }

  init(_ plan: GroupPlan, _ watches: [Watch]) {
    self.plan = plan
    self.watches = watches
  }

  /// The groups of steps that have to be loaded.
  func wanted(_ steps: [SessionStep]) -> [[UInt8]] {
    var wanted: Set<BytesKey> = []
    for step in steps {
      for one in step.contributions?.all ?? [] {
        if let key = key(one.inputs), groups[BytesKey(key)] == nil { wanted.insert(BytesKey(key)) }
      }
    }
    return wanted.map(\.bytes).sorted(by: Bytes.less)
  }

  /// Takes the states of groups that were wanted; one that is missing has none.
  mutating func admit(_ states: [BytesKey: [UInt8]], _ wanted: [[UInt8]]) throws {
    for key in wanted {
      groups[BytesKey(key)] = try states[BytesKey(key)].map { try WatchFold.group($0, plan) } ?? Group(state: GroupState(plan))
    }
  }

  /// Applies steps, of which each is what one change gives and takes. Their groups have been loaded.
  mutating func apply(_ steps: [SessionStep], _ turns: inout [Turn]) throws {
    for step in steps { try apply(step, &turns) }
  }

  private mutating func apply(_ step: SessionStep, _ turns: inout [Turn]) throws {
    guard let (itemKey, all) = step.contributions else { return }
    var deltas = GroupDeltas(plan)
    for (inputs, sign) in all {
      guard let key = key(inputs) else { continue }
      let contribution = Contribution(inputs: inputs, sign: sign, stamp: step.stamp, itemKey: itemKey)
      deltas.add(contribution, to: deltas.slot(of: key, plan), plan)
    }
    for slot in deltas.sortedSlots {
      let bytes = deltas.key(slot)
      guard let values = Value.values(ordered: bytes, count: plan.keyCount) else { throw StateError() }
      var group = groups[BytesKey(bytes)] ?? Group(state: GroupState(plan))
      let old = try group.row(values, plan)
      try group.state.merge(deltas, slot, plan, values: &group.values)
      let new = try group.row(values, plan)
      groups[BytesKey(bytes)] = group
      changed.insert(BytesKey(bytes))
      guard let new else { continue }
      for watch in watches where watch.condition.holds(new) && !(old.map(watch.condition.holds) ?? false) {
        turns.append(Turn(effect: watch.effect, row: new, stamp: step.stamp))
      }
    }
  }

  private func key(_ inputs: [Value]) -> [UInt8]? {
    let key = inputs[..<plan.keyCount]
    return key.contains(where: \.isNull) ? nil : Value.ordered(key)
  }

  /// The states that changed since the last call, in the order of their keys; nil for one that is empty.
  mutating func takeChanges() -> [(key: [UInt8], state: [UInt8]?)] {
    defer { changed = [] }
    return changed.map(\.bytes).sorted(by: Bytes.less).compactMap { key in
      guard let group = groups[BytesKey(key)] else { return nil }
      return (key, group.state.contributions == 0 ? nil : WatchFold.bytes(group))
    }
  }

  /// What was handed over is committed: at most so many groups stay in memory.
  mutating func committed() { if groups.count > WatchFold.residentMax { groups = [:] } }

  private static let residentMax = 10_000

  private static func bytes(_ group: Group) -> [UInt8] {
    var writer = StateWriter()
    writer.blob(group.state.bytes)
    writer.unsigned(group.values.columns.count)
    for (column, values) in group.values.columns.sorted(by: { $0.key < $1.key }) {
      writer.unsigned(column)
      writer.few(values)
    }
    return writer.bytes
  }

  private static func group(_ bytes: [UInt8], _ plan: GroupPlan) throws -> Group {
    try bytes.withUnsafeBytes { bytes in
      var reader = StateReader(bytes)
      let state = try reader.blob()
      var group = Group(state: try state.withUnsafeBytes { try GroupState(bytes: $0, plan) })
      for _ in 0..<(try reader.unsigned()) {
        let column = try reader.unsigned()
        group.values.columns[column] = try reader.few()
      }
      try reader.end()
      return group
    }
  }
}

/// Counted values in memory, however many.
struct HeldValues: GroupValues, Sendable {
  fileprivate(set) var columns: [Int: FewValues] = [:]

  /// The decider folds in order: no lane brings anything earlier.
  var watermark: Instant { .distantPast }

  mutating func add(column: Int, key: [UInt8], kept: [UInt8]?, change: Int64) -> (before: Int64, after: Int64) {
    var values = columns.removeValue(forKey: column) ?? FewValues()
    defer { columns[column] = values }
    return values.add(key, kept: kept, change: change)
  }

  func kept(column: Int, key: [UInt8]) -> [UInt8]? { columns[column]?.kept(key) }
  func extreme(column: Int, greatest: Bool) -> (key: [UInt8], kept: [UInt8])? { columns[column]?.extreme(greatest: greatest) }
  func least(column: Int, prefix: [UInt8]) -> [UInt8]? { columns[column]?.least(prefix: prefix) }
  func before(_ key: [UInt8], column: Int) -> (key: [UInt8], kept: [UInt8])? { columns[column]?.before(key) }

  mutating func removeAll(above low: [UInt8]?, below high: [UInt8], column: Int) {
    columns[column]?.removeAll(above: low, below: high)
  }
}

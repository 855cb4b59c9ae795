package import DynamoModel
package import Pipelines

/// One session: what its row says, and what the engine needs to go on with it. All times in microseconds.
package struct SessionState: Sendable, Equatable {
  package let key: [Value]
  /// The session's name: the time and item key of its first touch, so that a rebuild names it the same.
  package let sessionID: String
  package let startedAt: Int64
  package var lastAt: Int64
  package var endedAt: Int64?
  package var endedBy: SessionEnd?
  package var columns: [SessionColumn]
  /// The item kind's own deadline; nil is never.
  package var itemDeadline: Int64?
  /// The item behind the session and what was seen of it, when it may have to be deleted.
  package var itemKey: Item?
  package var seen: Item?
  /// The last record of the item.
  package var itemSequence: UInt64
  /// The group within which a newer session supersedes; empty for none.
  package var liveGroup: [UInt8]
  package var stamp: RowStamp

  package var isActive: Bool { endedBy == nil }
  package var status: SessionStatus { endedBy?.status ?? .active }
}

/// A column of a session, kept in any order of touches.
package enum SessionColumn: Sendable, Equatable {
  case count(Int64)
  case sum(Number)
  case distinct(Set<[UInt8]>)
  case best(Best?)
  /// Derived from first and last touch.
  case duration

  init(_ column: AggregateColumn) {
    switch column.function {
    case .count: self = .count(0)
    case .sum: self = .sum(.zero)
    case .distinct: self = .distinct([])
    case .min, .max, .first, .last, .current: self = .best(nil)
    case .duration, .durationMilliseconds: self = .duration
    }
  }

  /// What a touch needs to know of a column: nothing that is counted by reference.
  struct Plan: Sendable {
    let function: AggregateColumn.Function
    let input: Int?
    let order: Int?

    init(_ column: AggregateColumn) {
      function = column.function
      input = column.input
      order = column.order
    }
  }

  /// Adds a touch. A sum that gets too long stays as it is: whoever calls has seen that it does not.
  mutating func add(_ plan: Plan, inputs: [Value], time: Int64, itemKey: [UInt8]) {
    if let input = plan.input, inputs[input].isNull { return }
    switch self {
    case .count(let count): self = .count(count + 1)
    case .sum(let sum):
      if let input = plan.input, let next = try? sum.adding(inputs[input].number) { self = .sum(next) }
    case .distinct(var values):
      guard let input = plan.input else { return }
      self = .duration  // lets go of the set, so that it is changed in place
      values.insert(Value.ordered(CollectionOfOne(inputs[input])))
      self = .distinct(values)
    case .best(let best):
      guard let input = plan.input else { return }
      let isAtTime = plan.order == nil && (plan.function == .first || plan.function == .last)
      // By the commit time alone, unless it is the same.
      if isAtTime, let best, time != best.time, (time > best.time) != (plan.function == .last) { return }
      addBest(plan, inputs, inputs[input], time, itemKey, isBetter: isAtTime && best.map { $0.time != time } ?? false)
    case .duration: break
    }
  }

  private mutating func addBest(
    _ plan: Plan, _ inputs: [Value], _ value: Value, _ time: Int64, _ itemKey: [UInt8], isBetter: Bool
  ) {
    guard case .best(var best) = self else { return }
    self = .duration  // lets go of the bytes, so that they are written over
    var order: [UInt8] = []
    if isBetter, let bytes = best?.order {
      best = nil
      order = bytes
      order.removeAll(keepingCapacity: true)
    }
    switch plan.function {
    case .first, .last:
      (plan.order.map { inputs[$0] } ?? .timestamp(time)).appendOrdered(to: &order)
      order += itemKey
    default: value.appendOrdered(to: &order)
    }
    let candidate = Best(order: order, value: value, time: time)
    let greatest = plan.function == .max || plan.function == .last
    self = .best(isBetter || candidate.beats(best, greatest: greatest) ? candidate : best)
  }

  package func value(_ column: AggregateColumn, of session: SessionState) -> Value {
    switch self {
    case .count(let count): .integer(count)
    case .sum(let sum): column.type == .decimal ? .decimal(sum) : .integer(sum.int64Truncated)
    case .distinct(let values): .integer(Int64(values.count))
    case .best(let best): best?.value ?? .null
    case .duration:
      .integer((session.lastAt - session.startedAt) / (column.function == .duration ? 1_000_000 : 1_000))
    }
  }
}

extension SessionState {
  /// What is kept beside the row of an active session.
  package func appendBytes(to out: inout [UInt8]) {
    var writer = StateWriter(bytes: out)
    out = []
    writer.unsigned(key.count)
    for value in key { writer.value(value) }
    writer.text(sessionID)
    writer.signed(startedAt)
    writer.signed(lastAt)
    writer.optional(itemDeadline) { $0.signed($1) }
    writer.optional(itemKey) { $0.blob($1.binary) }
    writer.optional(seen) { $0.blob($1.binary) }
    writer.signed(Int64(itemSequence))
    writer.blob(liveGroup)
    writer.stamp(stamp)
    for column in columns {
      switch column {
      case .count(let count): writer.signed(count)
      case .sum(let sum): writer.number(sum)
      case .distinct(let values):
        writer.unsigned(values.count)
        for value in values.sorted(by: Bytes.less) { writer.blob(value) }
      case .best(let best):
        writer.optional(best) { writer, best in
          writer.blob(best.order)
          writer.value(best.value)
          writer.signed(best.time)
        }
      case .duration: break
      }
    }
    out = writer.bytes
  }

  /// Reads an active session.
  package init(bytes: UnsafeRawBufferPointer, _ sessions: Sessions) throws(StateError) {
    var reader = StateReader(bytes)
    var key: [Value] = []
    for _ in 0..<(try reader.unsigned()) { key.append(try reader.value()) }
    self.key = key
    sessionID = try reader.text()
    startedAt = try reader.signed()
    lastAt = try reader.signed()
    itemDeadline = try reader.optional { (reader) throws(StateError) in try reader.signed() }
    itemKey = try reader.optional { (reader) throws(StateError) in try SessionState.item(&reader) }
    seen = try reader.optional { (reader) throws(StateError) in try SessionState.item(&reader) }
    itemSequence = UInt64(try reader.signed())
    liveGroup = try reader.blob()
    stamp = try reader.stamp()
    var columns: [SessionColumn] = []
    for column in sessions.columns { columns.append(try SessionColumn(&reader, column)) }
    self.columns = columns
  }

  private static func item(_ reader: inout StateReader) throws(StateError) -> Item {
    guard let item = Item(binary: try reader.blob()) else { throw StateError() }
    return item
  }
}

extension SessionColumn {
  fileprivate init(_ reader: inout StateReader, _ column: AggregateColumn) throws(StateError) {
    self.init(column)
    switch self {
    case .count: self = .count(try reader.signed())
    case .sum: self = .sum(try reader.number())
    case .distinct:
      var values: Set<[UInt8]> = []
      for _ in 0..<(try reader.unsigned()) { values.insert(try reader.blob()) }
      self = .distinct(values)
    case .best:
      self = .best(
        try reader.optional { (reader) throws(StateError) in
          Best(order: try reader.blob(), value: try reader.value(), time: try reader.signed())
        })
    case .duration: break
    }
  }
}

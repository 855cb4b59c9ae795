package import DynamoModel
package import Pipelines

/// A column of a session, kept in any order of touches.
package enum SessionColumn: Sendable, Equatable {
  case count(Int64)
  case sum(ExactSum)
  case mean(Mean)
  case distinct(Set<BytesKey>)
  case best(Best?)
  /// The item's value as it is.
  case current(Value)
  /// Derived from first and last touch.
  case duration

  init(_ column: AggregateColumn) {
    switch column.function {
    case .count: self = .count(0)
    case .sum: self = .sum(ExactSum())
    case .avg: self = .mean(Mean())
    case .distinct: self = .distinct([])
    case .min, .max, .first, .last: self = .best(nil)
    case .current: self = .current(.null)
    case .duration, .durationMilliseconds: self = .duration
    }
  }

  /// What a touch needs to know of a column: nothing that is counted by reference.
  struct Plan: Sendable {
    let function: GroupPlan.Function
    let input: Int?
    let order: Int?

    init(_ column: AggregateColumn) {
      input = column.input
      order = column.order
      function =
        switch column.function {
        case .min: .min
        case .max: .max
        case .first: .first
        case .sum: .sum
        case .avg: .avg
        case .distinct: .distinct
        case .last, .current: .last
        case .count, .duration, .durationMilliseconds: .count
        }
    }
  }

  /// Adds a touch. `itemKey` is read by columns that have an order of their own; `time`, of the touch itself, comes before the order of the
  /// changes in those that have none.
  mutating func add(_ plan: Plan, _ inputs: [Value], _ stamp: Stamp, itemKey: [UInt8], time: Value = .null) {
    let value = plan.input.map { inputs[$0] } ?? .null
    if plan.input != nil, value.isNull { return }
    switch self {
    case .count(let count): self = .count(count + 1)
    case .sum(var sum):
      self = .duration  // lets go of the sum's digits, so that they are changed in place
      sum.add(value, sign: 1)
      self = .sum(sum)
    case .mean(var mean):
      self = .duration
      mean.add(value, sign: 1)
      self = .mean(mean)
    case .distinct(var values):
      self = .duration
      values.insert(BytesKey(Value.ordered(CollectionOfOne(value))))
      self = .distinct(values)
    case .best(let best):
      var rank = Value.null
      switch plan.function {
      case .first, .last:
        if let order = plan.order {
          if inputs[order].isNull { return }
          rank = inputs[order]
        } else {
          rank = time
        }
      default: rank = value
      }
      let candidate = Best(rank: rank, itemKey: plan.order == nil ? [] : itemKey, value: value, stamp: stamp)
      if candidate.beats(best, plan.function) { self = .best(candidate) }
    case .current, .duration: break
    }
  }

  /// Takes the item's value as it is now; answers whether it is another.
  mutating func follow(_ plan: Plan, _ inputs: [Value]) -> Bool {
    guard case .current(let old) = self, let input = plan.input, inputs[input] != old else { return false }
    self = .current(inputs[input])
    return true
  }

  /// Nil for a sum that does not fit its type.
  package func value(_ column: AggregateColumn, of session: SessionState) -> Value? {
    switch self {
    case .count(let count): .integer(count)
    case .sum(let sum): sum.value(as: column.type)
    case .mean(let mean): mean.value(.avg, as: column.type)
    case .distinct(let values): .integer(Int64(values.count))
    case .best(let best): best?.value ?? .null
    case .current(let value): value
    case .duration:
      .integer(session.startedAt.distance(to: session.lastAt) / (column.function == .duration ? 1_000_000 : 1_000))
    }
  }
}

extension SessionColumn {
  func append(to writer: inout StateWriter) {
    switch self {
    case .count(let count): writer.signed(count)
    case .sum(let sum): writer.sum(sum)
    case .mean(let mean):
      writer.sum(mean.sum)
      writer.signed(mean.count)
    case .distinct(let values):
      writer.unsigned(values.count)
      for value in values.map(\.bytes).sorted(by: Bytes.less) { writer.blob(value) }
    case .best(let best): writer.optional(best) { $0.best($1) }
    case .current(let value): writer.value(value)
    case .duration: break
    }
  }

  init(_ reader: inout StateReader, _ column: AggregateColumn) throws(StateError) {
    self.init(column)
    switch self {
    case .count: self = .count(try reader.signed())
    case .sum: self = .sum(try reader.sum())
    case .mean: self = .mean(Mean(sum: try reader.sum(), count: try reader.signed()))
    case .distinct:
      var values: Set<BytesKey> = []
      for _ in 0..<(try reader.count()) { values.insert(BytesKey(try reader.blob())) }
      self = .distinct(values)
    case .best: self = .best(try reader.optional { (reader) throws(StateError) in try reader.best() })
    case .current: self = .current(try reader.value())
    case .duration: break
    }
  }
}

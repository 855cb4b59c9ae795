internal import DynamoModel
internal import Pipelines

/// A touch or an end of sessions by event time. They are in order by their own time, then by that of their changes.
struct TimedTouch: Sendable, Equatable, Comparable {
  let time: Instant
  let action: Action
  /// None for an end.
  let inputs: [Value]
  let name: TouchName

  enum Action: Sendable, Equatable {
    case touch
    /// A touch that ends the session that is active and begins the next.
    case split
    case end(SessionEnd)

    var isEnd: Bool { if case .end = self { true } else { false } }
  }

  var stamp: Stamp { name.stamp }

  static func < (left: TimedTouch, right: TimedTouch) -> Bool {
    left.time == right.time ? left.name < right.name : left.time < right.time
  }
}

/// Which touch it is: its change, its place among those of the change, and its item. The first of a session names it.
struct TouchName: Sendable, Equatable, Comparable {
  let stamp: Stamp
  let place: Int
  /// The item's key in ordered form.
  let itemKey: [UInt8]
  /// Which touch of its item it is in its millisecond, of one session key; from 1.
  let ordinal: Int

  /// In the order of the changes.
  static func < (left: TouchName, right: TouchName) -> Bool {
    left.stamp == right.stamp ? left.place < right.place : left.stamp < right.stamp
  }

  /// As a session's name: of the commit time and the item.
  func text(_ keyNames: [String]) -> String {
    let name = SessionFold.name(at: stamp.time, ItemKeyBytes.key(itemKey, keyNames) ?? Item(), keyNames)
    return ordinal == 1 ? name : "\(name)#\(ordinal)"
  }
}

/// What is asked of a projection's rules again and again.
struct TimedRules: Sendable {
  let sessions: Sessions
  let time: Sessions.EventTime
  /// The attributes of the item's key, partition key first.
  let keyNames: [String]
  private let plans: [SessionColumn.Plan]
  /// Never before the end of any session.
  private let never: SessionDeadline

  /// Nil when the sessions go by commit time.
  init?(_ sessions: Sessions, keyNames: [String]) {
    guard let time = sessions.time else { return nil }
    self.sessions = sessions
    self.time = time
    self.keyNames = keyNames
    plans = sessions.columns.map { SessionColumn.Plan($0) }
    let far = Instant.distantFuture.advanced(by: -time.lateness)
    never = SessionDeadline(last: far, endedAt: far, rule: .gap)
  }

  /// When a session with these first and last touches ends by itself.
  func deadline(_ start: Instant, _ last: Instant) -> SessionDeadline {
    SessionDeadline(from: start, to: last, sessions) ?? never
  }

  /// When a session ends, as far as is known.
  func end(_ segment: TimedSessions.Segment) -> Instant {
    segment.closing?.at ?? deadline(segment.start, segment.last).endedAt
  }

  /// The last instant at which what ended then may be corrected.
  func finality(_ end: Instant) -> Instant { end.advanced(by: time.lateness) }

  /// Whether it was over for longer than `lateness` at an instant.
  func isOver(_ end: Instant, _ instant: Instant) -> Bool { finality(end) < instant }

  func add(_ record: TimedTouch, to columns: inout [SessionColumn]) {
    let time = Value.timestamp(record.time)
    for index in plans.indices {
      columns[index].add(plans[index], record.inputs, record.stamp, itemKey: record.name.itemKey, time: time)
    }
  }
}

// MARK: - As bytes

extension TouchName {
  func append(to writer: inout StateWriter) {
    writer.stamp(stamp)
    writer.unsigned(place)
    writer.blob(itemKey)
    writer.unsigned(ordinal)
  }

  init(_ reader: inout StateReader) throws(StateError) {
    stamp = try reader.stamp()
    place = try reader.unsigned()
    itemKey = try reader.blob()
    ordinal = try reader.unsigned()
  }
}

extension TimedTouch {
  func append(to writer: inout StateWriter) {
    name.append(to: &writer)
    writer.signed(stamp.time.distance(to: time))
    switch action {
    case .touch: writer.unsigned(0)
    case .split: writer.unsigned(1)
    case .end(let rule):
      writer.unsigned(2)
      writer.text(rule.rawValue)
    }
    writer.values(inputs)
  }

  init(_ reader: inout StateReader) throws(StateError) {
    name = try TouchName(&reader)
    time = Instant(rawValue: name.stamp.time.rawValue &+ (try reader.signed()))
    switch try reader.unsigned() {
    case 0: action = .touch
    case 1: action = .split
    case 2:
      guard let rule = SessionEnd(rawValue: try reader.text()) else { throw StateError() }
      action = .end(rule)
    default: throw StateError()
    }
    inputs = try reader.values()
  }
}

import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines

/// Leaderboards: entries by board and member, scores, what `keep` leaves, and ranks.
extension PlainModel {
  /// What a member of a board has.
  struct Member {
    let board: [Value]
    let member: Value
    let scores: [Value]
    var columns: [Value] = []
    let reached: PlainStamp
    let touched: PlainStamp
    /// When the board was changed last, by this member or another.
    let boardTouched: PlainStamp
  }

  mutating func boardRows(_ board: Leaderboard, _ id: ProjectionID) -> [[Value]] {
    var members = allMembers(board, id)
    if let keep = board.keepBoards {
      // By the start of the board's period, then by its last change, then by its values.
      var latest: [[Value]: (start: Instant, change: PlainStamp)] = [:]
      for member in members {
        latest[member.board] = (board.period(of: member.board)?.lowerBound ?? 0, member.boardTouched)
      }
      let sorted = latest.sorted { one, other in
        let (left, right) = ((one.value.start, one.value.change), (other.value.start, other.value.change))
        return left != right ? left > right : other.key.lexicographicallyPrecedes(one.key)
      }
      let kept = Set(sorted.prefix(keep).map(\.key))
      members.removeAll { !kept.contains($0.board) }
    }
    if let keep = board.keepMembers {
      members = Dictionary(grouping: members, by: \.board).values.flatMap { Self.ranked($0, board).prefix(keep) }
    }
    let past = Set((closed[id] ?? []).map(\.board))
    return members.map { member in
      var row = member.board + [member.member, member.scores[0]] + trace(member.reached).dropLast()
      if !board.windows.isEmpty {
        let end = past.contains(member.board) ? board.period(of: member.board)?.upperBound : nil
        row.append(end.map { .timestamp($0) } ?? .null)
      }
      return row + member.scores.dropFirst() + member.columns + trace(member.touched)
    }
  }

  /// Best first: by the scores one after the other, then by when they were reached where the first to reach is ahead, then by member.
  static func ranked(_ members: [Member], _ board: Leaderboard) -> [Member] {
    members.sorted { one, other in
      if one.scores != other.scores { return isBetter(one.scores, other.scores, board) }
      if board.ties == .firstToReach, one.reached != other.reached { return one.reached < other.reached }
      return one.member < other.member
    }
  }

  private static func isBetter(_ one: [Value], _ other: [Value], _ board: Leaderboard) -> Bool {
    for (score, values) in zip(board.scores, zip(one, other)) where values.0 != values.1 {
      return (values.0 < values.1) == (score.direction == .ascending)
    }
    return false
  }

  /// What contributions of one change to a member come to.
  private struct Net {
    var count = 0
    var counts: [Int]
    var sums: [PlainSum]
    /// How often each combination of score inputs was given more than taken.
    var given: [[Value]: Int] = [:]

    init(_ board: Leaderboard) {
      counts = Array(repeating: 0, count: board.scores.count)
      sums = Array(repeating: PlainSum(), count: board.scores.count)
    }

    mutating func add(_ values: [Value], _ sign: Int, _ board: Leaderboard) {
      count += sign
      for (place, score) in board.scores.enumerated() {
        guard let input = score.input, !values[input].isNull else { continue }
        counts[place] += sign
        sums[place].add(values[input], sign: sign)
      }
      given[board.scores.map { score in score.input.map { values[$0] } ?? .null }, default: 0] += sign
    }

    /// Whether it moves a count, a sum or a mean.
    func moves(_ board: Leaderboard) -> Bool {
      board.scores.enumerated().contains { place, score in
        switch score.function {
        case .count: count != 0
        case .sum: !sums[place].isZero
        case .avg: counts[place] != 0 || !sums[place].isZero
        case .max, .min, .last, .distinct: false
        }
      }
    }

    var isZero: Bool { given.values.allSatisfy { $0 == 0 } }
  }

  /// An entry that counts, and for each score since when its item gives the member this value.
  private struct BoardEntry {
    let entry: PlainEntry
    let since: [PlainStamp]
  }

  private mutating func allMembers(_ board: Leaderboard, _ id: ProjectionID) -> [Member] {
    let projection = pipeline.projections[id]
    func key(_ values: [Value]) -> [Value]? {
      let key = Array(values[...board.memberInput])
      let hasScore = board.scores.contains { score in score.input.map { !values[$0].isNull } ?? true }
      return key.contains(where: \.isNull) || !hasScore ? nil : key
    }
    /// By board and member: the entries that count, with when each came.
    var entries: [[Value]: [BoardEntry]] = [:]
    var touched: [[Value]: PlainStamp] = [:]
    /// By board: the first record that gave it anything.
    var opened: [[Value]: PlainStamp] = [:]
    /// By board: the last one.
    var changed: [[Value]: PlainStamp] = [:]
    /// The last record whose net contribution is not zero, and the last whose contributions to the scores are not the same.
    var moved: [[Value]: PlainStamp] = [:]
    var scored: [[Value]: PlainStamp] = [:]
    func touch(_ key: [Value], _ stamp: PlainStamp) {
      touched[key] = stamp
      let board = Array(key.dropLast())
      opened[board] = opened[board] ?? stamp
      changed[board] = stamp
    }
    func note(_ stamp: PlainStamp, old: [[Value]], new: [[Value]]) {
      var net: [[Value]: Net] = [:]
      for (values, sign) in old.map({ ($0, -1) }) + new.map({ ($0, 1) }) {
        if let key = key(values) { net[key, default: Net(board)].add(values, sign, board) }
      }
      for (key, net) in net {
        if net.moves(board) { moved[key] = stamp }
        if !net.isZero { scored[key] = stamp }
      }
    }
    if board.isOverItems {
      var present: [PlainItemKey: [BoardEntry]] = [:]
      for step in itemSteps(board.sources, projection.name) {
        let change = step.change
        note(change.stamp, old: step.old, new: step.new)
        for values in step.net { if let key = key(values) { touch(key, change.stamp) } }
        // An entry that was there before is as old as it was.
        let before = present[change.itemKey] ?? []
        present[change.itemKey] = step.new.enumerated().map { place, values in
          let since = board.scores.enumerated().map { index, score in
            before.first { old in
              key(old.entry.values) == key(values) && score.input.map { old.entry.values[$0] == values[$0] } ?? true
            }?.since[index] ?? change.stamp
          }
          return BoardEntry(
            entry: PlainEntry(values: values, stamp: change.stamp, itemKey: change.itemKey, place: place), since: since)
        }
      }
      for entry in present.values.joined() { if let key = key(entry.entry.values) { entries[key, default: []].append(entry) } }
    } else {
      var all = changeEntries(board.sources, projection.name)[...]
      while let first = all.first {
        let same = all.prefix { $0.stamp == first.stamp }
        all = all.dropFirst(same.count)
        note(first.stamp, old: [], new: same.map(\.values))
        for entry in same {
          guard let key = key(entry.values) else { continue }
          entries[key, default: []].append(
            BoardEntry(entry: entry, since: Array(repeating: entry.stamp, count: board.scores.count)))
          touch(key, entry.stamp)
        }
      }
    }
    let watermark = watermark(id)
    for (key, opened) in opened {
      guard let end = board.period(of: key)?.upperBound, end <= watermark, opened.time < watermark else { continue }
      // A board that is made later closes after all that its first instant brings.
      let at = opened.time < end ? PlainStamp(time: end, order: .beforeAll) : PlainStamp(time: opened.time, order: .afterAll)
      closed[id, default: []].append((key, at))
    }
    return entries.compactMap { key, entries -> Member? in
      let plain = entries.map(\.entry)
      // The dead letters of a member's sums are there whether it is on the board or not.
      let columns = board.columns.map { value($0, plain, isOverItems: board.isOverItems, projection.name, "group") }
      let scores = board.scores.indices.map { score(board, $0, entries, projection.name) }
      if scores.contains(where: \.isNull) { return nil }
      let last = (moved: moved[key] ?? plain.map(\.stamp).min()!, scored: scored[key]!)
      let all = board.scores.indices.map { self.reached(board, $0, scores[$0], entries, last) }
      return Member(
        board: Array(key.dropLast()), member: key.last!, scores: scores, columns: columns, reached: all.max()!,
        touched: touched[key]!, boardTouched: changed[Array(key.dropLast())]!)
    }
  }

  /// The value of a score; null of no values, and of a sum that does not fit.
  private mutating func score(_ board: Leaderboard, _ place: Int, _ entries: [BoardEntry], _ projection: String) -> Value {
    let score = board.scores[place]
    guard let input = score.input else { return .integer(Int64(entries.count)) }
    let plain = entries.map(\.entry).filter { !$0.values[input].isNull }
    if plain.isEmpty { return .null }
    let function: AggregateColumn.Function =
      switch score.function {
      case .count: .count
      case .sum: .sum
      case .max: .max
      case .min: .min
      case .last: .last
      case .distinct: .distinct
      case .avg: .avg
      }
    let column = AggregateColumn(
      name: place == 0 ? "score" : "score_\(place + 1)", function: function, type: score.type, input: input, order: nil)
    return value(column, plain, isOverItems: board.isOverItems, projection, "group")
  }

  /// When a score was reached; `last` are the last records that moved the member's counts, sums and means, and that changed what its scores
  /// are made of.
  private func reached(
    _ board: Leaderboard, _ place: Int, _ value: Value, _ entries: [BoardEntry], _ last: (moved: PlainStamp, scored: PlainStamp)
  ) -> PlainStamp {
    let score = board.scores[place]
    guard let input = score.input else { return last.moved }
    let given = entries.filter { !$0.entry.values[input].isNull }
    switch score.function {
    case .count, .avg: return last.moved
    case .sum:
      // A score that only zeros made.
      let isZero = value == .integer(0) || value == .decimal(.zero)
      return board.isOverItems && isZero ? last.scored : last.moved
    case .max, .min: return given.filter { $0.entry.values[input] == value }.map { $0.since[place] }.min()!
    case .last:
      // The score was reached when it was last another one after a change.
      let all = given.map(\.entry).sorted { ($0.stamp, $0.place) < ($1.stamp, $1.place) }
      let sorted = all.enumerated().filter { $0 == all.count - 1 || all[$0 + 1].stamp != $1.stamp }.map(\.element)
      return sorted[(sorted.lastIndex { $0.values[input] != value } ?? -1) + 1].stamp
    case .distinct:
      if board.isOverItems { return last.scored }
      // Each value came first at some time; the newest of these.
      return Dictionary(grouping: given.map(\.entry), by: { $0.values[input] }).values.map { $0.map(\.stamp).min()! }.max()!
    }
  }

  /// What a reader sees of a board, best first: members and ranks.
  func ranks(of board: Leaderboard, _ rows: [[Value]]) -> [(member: Value, rank: Double)] {
    let members = rows.map { row -> Member in
      let count = board.boardCount
      guard case .timestamp(let time) = row[count + 2], case .integer(let order) = row[count + 3] else {
        preconditionFailure("no board's row")
      }
      let reached = PlainStamp(time: time, order: CommitOrder(rawValue: UInt64(bitPattern: order)))
      let further = count + 4 + (board.windows.isEmpty ? 0 : 1)
      return Member(
        board: Array(row[..<count]), member: row[count],
        scores: [row[count + 1]] + row[further..<(further + board.scores.count - 1)], reached: reached, touched: reached,
        boardTouched: reached)
    }
    let sorted = Self.ranked(members, board)
    return sorted.enumerated().compactMap { place, one in
      if let floor = board.floor, Self.isBetter([floor], [one.scores[0]], board) { return nil }
      let better = sorted.filter { Self.isBetter($0.scores, one.scores, board) }
      let equal = sorted.count { $0.scores == one.scores }
      let rank: Double =
        switch board.ties {
        case .firstToReach: Double(place + 1)
        case .competition: Double(better.count + 1)
        case .dense: Double(Set(better.map(\.scores)).count + 1)
        case .modified: Double(better.count + equal)
        case .fractional: Double(better.count) + Double(equal + 1) / 2
        }
      return (one.member, rank)
    }
  }
}

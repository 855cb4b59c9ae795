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
    let score: Value
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
      var row = member.board + [member.member, member.score] + trace(member.reached).dropLast()
      if !board.windows.isEmpty {
        let end = past.contains(member.board) ? board.period(of: member.board)?.upperBound : nil
        row.append(end.map { .timestamp($0) } ?? .null)
      }
      return row + trace(member.touched)
    }
  }

  /// Best first: by score, then by when it was reached where the first to reach is ahead, then by member.
  static func ranked(_ members: [Member], _ board: Leaderboard) -> [Member] {
    members.sorted { one, other in
      if one.score != other.score { return (one.score < other.score) == (board.direction == .ascending) }
      if board.ties == .firstToReach, one.reached != other.reached { return one.reached < other.reached }
      return one.member < other.member
    }
  }

  private mutating func allMembers(_ board: Leaderboard, _ id: ProjectionID) -> [Member] {
    let projection = pipeline.projections[id]
    let needed = board.scoreInput ?? board.memberInput
    func key(_ values: [Value]) -> [Value]? {
      let key = Array(values[...board.memberInput])
      return key.contains(where: \.isNull) || values[needed].isNull ? nil : key
    }
    /// By board and member: the entries that count, with when each came.
    var entries: [[Value]: [PlainEntry]] = [:]
    var touched: [[Value]: PlainStamp] = [:]
    /// By board: the first record that gave it anything.
    var opened: [[Value]: PlainStamp] = [:]
    /// By board: the last one.
    var changed: [[Value]: PlainStamp] = [:]
    /// The last record whose net contribution is not zero.
    var moved: [[Value]: PlainStamp] = [:]
    func touch(_ key: [Value], _ stamp: PlainStamp) {
      touched[key] = stamp
      let board = Array(key.dropLast())
      opened[board] = opened[board] ?? stamp
      changed[board] = stamp
    }
    func note(_ stamp: PlainStamp, old: [[Value]], new: [[Value]]) {
      var net: [[Value]: (count: Int, sum: PlainSum)] = [:]
      for (values, sign) in old.map({ ($0, -1) }) + new.map({ ($0, 1) }) {
        guard let key = key(values) else { continue }
        net[key, default: (0, PlainSum())].count += sign
        net[key]!.sum.add(values[needed], sign: sign)
      }
      for (key, net) in net where board.score == .count ? net.count != 0 : !net.sum.isZero { moved[key] = stamp }
    }
    if board.isOverItems {
      var present: [PlainItemKey: [PlainEntry]] = [:]
      for step in itemSteps(board.sources[0], projection.name) {
        note(step.change.stamp, old: step.old, new: step.new)
        for values in step.net { if let key = key(values) { touch(key, step.change.stamp) } }
        // An entry that was there before is as old as it was.
        let before = present[step.change.itemKey] ?? []
        present[step.change.itemKey] = step.new.enumerated().map { place, values in
          PlainEntry(
            values: values, stamp: before.first { $0.values == values }?.stamp ?? step.change.stamp, itemKey: step.change.itemKey,
            place: place)
        }
      }
      for entry in present.values.joined() { if let key = key(entry.values) { entries[key, default: []].append(entry) } }
    } else {
      var all = changeEntries(board.sources, projection.name)[...]
      while let first = all.first {
        let same = all.prefix { $0.stamp == first.stamp }
        all = all.dropFirst(same.count)
        note(first.stamp, old: [], new: same.map(\.values))
        for entry in same {
          guard let key = key(entry.values) else { continue }
          entries[key, default: []].append(entry)
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
    return entries.compactMap { key, entries in
      var score: Value?
      var reached = moved[key]
      switch board.score {
      case .count: score = .integer(Int64(entries.count))
      case .sum:
        var sum = PlainSum()
        for entry in entries { sum.add(entry.values[needed]) }
        score = sum.value(board.scoreType)
        if score == nil {
          deadLetters.insert(
            PlainDeadLetter(projection: projection.name, kind: "group", path: "score", place: "\(deadLetters.count)"))
        }
      case .max: score = entries.map { $0.values[needed] }.max()
      case .min: score = entries.map { $0.values[needed] }.min()
      case .last: score = entries.max { ($0.stamp, $0.place) < ($1.stamp, $1.place) }?.values[needed]
      }
      guard let score else { return nil }
      if [.max, .min].contains(board.score) { reached = entries.filter { $0.values[needed] == score }.map(\.stamp).min() }
      if board.score == .sum {
        // A score that only zeros made.
        var sum = PlainSum()
        for entry in entries { sum.add(entry.values[needed]) }
        if board.isOverItems, sum.isZero { reached = touched[key] }
      }
      if board.score == .last {
        // The score was reached when it was last another one.
        let sorted = entries.sorted { ($0.stamp, $0.place) < ($1.stamp, $1.place) }
        reached = sorted[(sorted.lastIndex { $0.values[needed] != score } ?? -1) + 1].stamp
      }
      return Member(
        board: Array(key.dropLast()), member: key.last!, score: score, reached: reached ?? entries.map(\.stamp).min()!,
        touched: touched[key]!, boardTouched: changed[Array(key.dropLast())]!)
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
      return Member(
        board: Array(row[..<count]), member: row[count], score: row[count + 1], reached: reached, touched: reached,
        boardTouched: reached)
    }
    let sorted = Self.ranked(members, board)
    return sorted.enumerated().compactMap { place, one in
      let isBetter = { (other: Value, score: Value) in other != score && (other < score) == (board.direction == .ascending) }
      if let floor = board.floor, isBetter(floor, one.score) { return nil }
      let better = sorted.filter { isBetter($0.score, one.score) }
      let equal = sorted.count { $0.score == one.score }
      let rank: Double =
        switch board.ties {
        case .firstToReach: Double(place + 1)
        case .competition: Double(better.count + 1)
        case .dense: Double(Set(better.map(\.score)).count + 1)
        case .modified: Double(better.count + equal)
        case .fractional: Double(better.count) + Double(equal + 1) / 2
        }
      return (one.member, rank)
    }
  }
}

internal import DynamoModel
package import ProjectionTestKit
internal import RandomTestKit
internal import RecordLiteralTestKit

/// The pipelines that the suite works with, and tests of one store too.
package enum StorePipelines {
  private static let head = """
    pipeline: store
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play:
        in: Tab
        match: { PK: "U:{name}", SK: "{n}" }
        fields: { room: Room optional, points: Points integer optional, amount: Amount decimal optional, who: Who optional }
    projections:

    """

  /// Every form of a column, and boards of every score.
  package static let groups =
    head + """
        plays: { collection: play, key: [name, n], columns: [room, points, amount] }
        rooms:
          aggregate: [room]
          of: play
          columns:
            c: count
            total: sum(points)
            amounts: sum(amount)
            least: min(points)
            most: max(points)
            names: distinct(who)
            first_who: first(who by points)
            last_who: last(who by points)
            mean: avg(points)
        heard:
          aggregate: [room]
          each: [play inserted, play changed]
          columns:
            c: count
            total: sum(points)
            least: min(points)
            most: max(points)
            names: distinct(who)
            first_who: first(who)
            last_who: last(who)
            by_points: last(who by points)
        counted: { leaderboard: who, of: play, board: [room], score: count }
        summed: { leaderboard: who, of: play, board: [room], score: sum(points), ties: competition }
        greatest: { leaderboard: who, of: play, board: [room], score: max(points) }
        lowest: { leaderboard: who, of: play, board: [room], score: min(points), direction: asc }
        heard_count: { leaderboard: who, each: [play inserted, play changed], board: [room], score: count }
        heard_sum: { leaderboard: who, each: [play inserted, play changed], board: [room], score: sum(amount) }
        heard_most: { leaderboard: who, each: [play inserted, play changed], board: [room], score: max(points) }
        heard_least: { leaderboard: who, each: [play inserted, play changed], board: [room], score: min(points) }
        listed: { leaderboard: who, of: play, board: [room], score: [sum(points), "min(amount) asc", count], columns: { names: distinct(name), most: max(points) } }
        meant: { leaderboard: who, of: play, board: [room], score: avg(points), columns: { last_amount: last(amount by n) }, ties: fractional }
        different: { leaderboard: who, of: play, board: [room], score: distinct(name), ties: dense, columns: { total: sum(points) } }
        heard_names: { leaderboard: who, each: [play inserted, play changed], board: [room], score: [distinct(points), last(amount)], columns: { mean: avg(amount) } }
        kept_list: { leaderboard: who, of: play, board: [room], score: [count, max(points)], columns: { mean: avg(points) }, keep: [2 boards, 2 members] }
        heard_last: { leaderboard: who, each: [play inserted, play changed], board: [room], score: last(points) }
        kept: { leaderboard: who, of: play, board: [room], score: sum(points), keep: [2 boards, 2 members] }

      """

  /// Something of everything that a checkpoint writes.
  package static let everything =
    head + """
        plays: { collection: play, key: [name, n], columns: [room, points] }
        rooms: { aggregate: [room], of: play, columns: { c: count, total: sum(points) } }
        sittings: { sessions: name, touch: [play inserted, play changed], gap: 1m, columns: { points: sum(points) } }
        logins: { session: play, key: [name, n], gap: 5m, one live per: room, expire: delete item }
        hours: { leaderboard: who, each: play inserted, board: [hour of commit], score: count, keep: 1 boards }
        best: { leaderboard: who, of: play, board: [room], score: max(points) }
        changes: { history: play, columns: { before: old.points, points: new.points }, keep: [3, 1d] }
      effects:
        gone: { each: play removed, delete: { rows: plays, where: room = :room } }
        passed: { each: hours closed, delete: { rows: plays, where: room = :hour } }

      """

  /// Histories of everything, of a few rows of each key, of a minute, and of what came into a list.
  static let histories =
    """
    pipeline: store
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play:
        in: Tab
        match: { PK: "U:{name}", SK: "{n}" }
        fields: { points: Points integer optional, amount: Amount decimal optional, tag: explode(Tags) optional }
    projections:
      every: { history: play, columns: { before: old.points, points: new.points, amount: amount } }
      two: { history: play, key: [name], columns: [points], keep: 2 }
      minute: { history: play, columns: [points], keep: 1m }
      mixed: { history: play, key: [name, { amount: amount }], keep: [2, 1m] }
      tags: { history: play, each: [added(tag), removed(tag)], key: [name], columns: [tag], keep: 3 }

    """

  /// Boards that close, whose scores may not fit.
  static let summedHours =
    head + """
        hours: { leaderboard: who, each: play inserted, board: [hour of commit], score: sum(points), keep: 1 boards }

      """

  /// Only the boards that nobody keeps back.
  static let board =
    head + """
        kept: { leaderboard: who, of: play, board: [room], score: sum(points), keep: [2 boards, 2 members] }
        greatest: { leaderboard: who, of: play, board: [room], score: max(points) }

      """

  /// Writes of a few people in a few rooms, of extreme and of small numbers, with moves and deletions.
  package static func random(_ text: String, seed: UInt64, writes: Int, partitions: Int) throws -> TestHistory {
    var random = SeededGenerator(seed: seed)
    var history = TestHistory(try pipeline(text), partitions: partitions)
    let numbers: [Int64] = [0, 0, 1, 2, 3, -4, 5, .max, .max - 1, .min, 7]
    for _ in 0..<writes {
      history.time += [0, 0, 1, 40].randomElement(using: &random) ?? 0
      let key: Item = [
        "PK": .string("U:\(["ana", "ben", "cyd", "dan", "eve"].randomElement(using: &random) ?? "")"),
        "SK": .string("\(Int.random(in: 0..<4, using: &random))"),
      ]
      if Int.random(in: 0..<5, using: &random) == 0 {
        history.delete(key)
        continue
      }
      var item = key
      item["Room"] = Int.random(in: 0..<9, using: &random) == 0 ? nil : .string("r\(Int.random(in: 0..<4, using: &random))")
      item["Who"] = .string("w\(Int.random(in: 0..<4, using: &random))")
      if Int.random(in: 0..<9, using: &random) > 0 {
        item["Points"] = .number(Number(numbers.randomElement(using: &random) ?? 0))
      }
      item["Amount"] = .number(
        try Number(["1.5", "-0.25", "1e100", "9e125", "-9e125", "3"].randomElement(using: &random) ?? "0"))
      history.put(item)
    }
    return history
  }

  /// An item of a room.
  static func play(_ name: String, _ n: Int = 1, room: String? = "r", who: String = "w", points: Int64 = 1) -> Item {
    var item: Item = ["PK": .string("U:\(name)"), "SK": .string("\(n)"), "Who": .string(who), "Points": .number(Number(points))]
    if let room { item["Room"] = .string(room) }
    return item
  }
}

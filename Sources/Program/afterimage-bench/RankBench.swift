internal import ChangeRecords
internal import Pipelines
internal import ReadModels

/// A board of a million members in memory, beside its goals: what a member takes when the board is filled, after ten million
/// updates and after half of them have gone; and how many updates and ranks one thread does in a second.
///
/// Members have names of 13 bytes, scores up to a million, today's times and orders as a store of hundreds of millions of
/// changes gives them. Whoever is changed or asked for is chosen before the clock runs: a request brings its member with it.
enum RankBench {
  static let members = 1_000_000
  private static let updates = 10_000_000
  private static let bytesMax = 64.0
  private static let updatesMin = 1e6
  private static let ranksMin = 2e6

  static func run(_ report: inout Report) async throws {
    let names = (0..<members).map { Value.string("player-\($0)") }
    var random = Random()
    var chosen: [Int32] = []
    chosen.reserveCapacity(updates)
    for _ in 0..<updates { chosen.append(Int32(random.next(members))) }
    let asked = chosen.prefix(members).map { names[Int($0)] }
    let before = residentBytes()
    let board = RankBoard(direction: .descending, ties: .firstToReach)
    func memory(_ name: String) {
      report.add("ranks.bytes_per_member\(name)", Double(board.bytes) / Double(board.count), "bytes")
      report.add("ranks.resident_bytes_per_member\(name)", Double(residentBytes() - before) / Double(board.count), "bytes")
    }
    var clock = Changes()
    func set(_ name: Value) {
      let (time, order) = clock.next(&random)
      board.set(name, score: .integer(Int64(random.next(1_000_000))), reachedAt: time, reachedOrder: order)
    }
    var watch = Stopwatch()
    for name in names { set(name) }
    report.add("ranks.load_per_second", Double(members) / watch.seconds, "members/s")
    memory("")
    watch = Stopwatch()
    for name in asked { set(name) }
    report.add("ranks.updates_per_second", Double(asked.count) / watch.seconds, "updates/s")
    report.add("ranks.updates_per_cpu_second", Double(asked.count) / watch.cpuSeconds, "updates/cpu-s")
    watch = Stopwatch()
    var sum = 0.0
    for name in asked { sum += board.rank(of: name)?.rank ?? 0 }
    report.add("ranks.reads_per_second", Double(asked.count) / watch.seconds, "reads/s")
    report.add("ranks.reads_per_cpu_second", Double(asked.count) / watch.cpuSeconds, "reads/cpu-s")
    report.add("ranks.mean_rank", sum / Double(asked.count), "")
    for number in chosen { set(names[Int(number)]) }
    memory("_after_updates")
    for name in names.shuffled(using: &random)[..<(members / 2)] { board.remove(name) }
    memory("_after_half_removed")
    // What was there before the board still is, so the difference leaves it out.
    withExtendedLifetime((names, chosen, asked)) {}
    for name in ["", "_after_updates", "_after_half_removed"] {
      goal("ranks.bytes_per_member\(name)", "at most \(Int(bytesMax)) bytes", &report) { $0 <= bytesMax }
    }
    goal("ranks.updates_per_second", "at least a million", &report) { $0 >= updatesMin }
    goal("ranks.reads_per_second", "at least two million", &report) { $0 >= ranksMin }
  }

  private static func goal(_ name: String, _ text: String, _ report: inout Report, isMet: (Double) -> Bool) {
    report.note(name, "\(text): \(report.value(name).map(isMet) ?? false ? "met" : "missed")")
  }

  private struct Random: RandomNumberGenerator {
    private var state: UInt64 = 7

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 32
    }

    mutating func next(_ end: Int) -> Int { Int(next() >> 33) % end }
  }

  /// Times and orders of changes that come one after another, a few dozen a second.
  private struct Changes {
    private var milliseconds: Int64 = 1_760_000_000_000
    private var order: UInt64 = 300_000_000

    mutating func next(_ random: inout Random) -> (Instant, CommitOrder) {
      milliseconds += Int64(random.next(40))
      order += 1
      return (Instant(rawValue: milliseconds * 1_000), CommitOrder(rawValue: order))
    }
  }
}

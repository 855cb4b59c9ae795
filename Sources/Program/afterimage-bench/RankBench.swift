internal import Pipelines
internal import ReadModels

/// A board of a million members in memory.
enum RankBench {
  static let members = 1_000_000

  static func run(_ report: inout Report) async throws {
    let before = residentBytes()
    let board = RankBoard(direction: .descending, ties: .firstToReach)
    let names = (0..<members).map { Value.string("player-\($0)") }
    let namesBytes = residentBytes() - before
    var next: UInt64 = 7
    func random() -> Int {
      next = next &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(next >> 33)
    }
    var watch = Stopwatch()
    for name in names {
      board.set(name, score: .integer(Int64(random() % 1_000_000)), reachedAt: Instant(rawValue: Int64(random())))
    }
    report.add("ranks.load_per_second", Double(members) / watch.seconds, "members/s")
    report.add("ranks.bytes_per_member", Double(residentBytes() - before - namesBytes) / Double(members), "bytes")
    let rounds = 500_000
    watch = Stopwatch()
    for _ in 0..<rounds {
      board.set(
        names[random() % members], score: .integer(Int64(random() % 1_000_000)), reachedAt: Instant(rawValue: Int64(random())))
    }
    report.add("ranks.updates_per_second", Double(rounds) / watch.seconds, "updates/s")
    watch = Stopwatch()
    var sum = 0.0
    for _ in 0..<rounds { sum += board.rank(of: names[random() % members])?.rank ?? 0 }
    report.add("ranks.reads_per_second", Double(rounds) / watch.seconds, "reads/s")
    report.add("ranks.reads_per_cpu_second", Double(rounds) / watch.cpuSeconds, "reads/cpu-s")
    report.add("ranks.mean_rank", sum / Double(rounds), "")
  }
}

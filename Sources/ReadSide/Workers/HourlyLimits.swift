internal import DynamoModel

/// How many effects of one item, session or board were begun in this hour, as a value: what ends an effect that sets itself off.
///
/// Hours are those of the clock that is given. Numbers are kept by hashes: 100,000 subjects take some 5 MB.
struct HourlyLimits: Sendable {
  private var hour: Int64 = .min
  private var counts: [UInt64: Int] = [:]
  /// With more subjects in an hour counting begins again: no loop is over so many.
  private let subjectsMax: Int

  init(subjectsMax: Int = 1_000_000) { self.subjectsMax = subjectsMax }

  /// Whether one more may begin; it is counted if so. `now` in milliseconds.
  mutating func admit(_ effect: String, _ subject: String, limit: Int, now: Int64) -> Bool {
    let hour = now / 3_600_000
    if hour != self.hour || counts.count >= subjectsMax {
      self.hour = hour
      counts = [:]
    }
    let key = UInt64(truncatingIfNeeded: StableHash.bits(of: Array("\(effect.utf8.count):\(effect)\(subject)".utf8)))
    guard counts[key, default: 0] < limit else { return false }
    counts[key, default: 0] += 1
    return true
  }
}

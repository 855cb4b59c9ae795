import Testing

@testable import Workers

/// How many effects of one subject begin in an hour.
@Suite struct HourlyLimitsTests {
  private static let hour: Int64 = 3_600_000

  @Test func `so many begin and one more does not, and the next hour begins again`() {
    var limits = HourlyLimits()
    func admits(_ effect: String, _ subject: String, limit: Int, now: Int64) -> Bool {
      limits.admit(effect, subject, limit: limit, now: now)
    }
    for _ in 0..<3 { #expect(admits("e", "a", limit: 3, now: Self.hour - 1)) }
    for _ in 0..<3 { #expect(!admits("e", "a", limit: 3, now: Self.hour - 1)) }
    #expect(admits("e", "a", limit: 4, now: Self.hour - 1), "a limit that was raised counts what there was")
    #expect(admits("e", "a", limit: 3, now: Self.hour))
  }

  @Test func `each effect and each subject has its own count`() {
    var limits = HourlyLimits()
    func admits(_ effect: String, _ subject: String, limit: Int, now: Int64) -> Bool {
      limits.admit(effect, subject, limit: limit, now: now)
    }
    for (effect, subject) in [("e", "a"), ("e", "b"), ("f", "a"), ("ea", ""), ("", "ea")] {
      #expect(admits(effect, subject, limit: 1, now: 0))
      #expect(!admits(effect, subject, limit: 1, now: 1))
    }
  }

  @Test func `more subjects than are counted begin again, in bounded memory`() {
    var limits = HourlyLimits(subjectsMax: 2)
    func admits(_ effect: String, _ subject: String, limit: Int, now: Int64) -> Bool {
      limits.admit(effect, subject, limit: limit, now: now)
    }
    for subject in ["a", "b", "c"] { #expect(admits("e", subject, limit: 1, now: 0)) }
    #expect(!admits("e", "c", limit: 1, now: 0) && admits("e", "a", limit: 1, now: 0))
  }
}

internal import Synchronization

/// Request ids as DynamoDB's look: 52 capital letters and digits. Unique within a process and, by its random start, between
/// processes.
final class RequestIDs: Sendable {
  private let start = UInt64.random(in: .min ... .max)
  private let count = Atomic<UInt64>(0)

  func next() -> String {
    var state = start &+ count.wrappingAdd(1, ordering: .relaxed).oldValue &* 0x9e37_79b9_7f4a_7c15
    return String(unsafeUninitializedCapacity: 52) { digits in
      let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
      for word in 0..<4 {
        // Splitmix64, for its even spread.
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed >> 31
        for digit in 0..<13 {
          digits[word * 13 + digit] = alphabet.utf8Start[Int(mixed & 31)]
          mixed >>= 5
        }
      }
      return 52
    }
  }
}

import DynamoModel
import RandomTestKit
import Testing

/// The hash that stays: known values, and no bit of the input without its part in the result.
@Suite struct StableHashTests {
  /// Values of MurmurHash3_x64_128 with the seed 0, as other programs give them.
  @Test(arguments: [
    ("", "00000000000000000000000000000000"), ("hello", "cbd8a7b341bd9b025b1e906a48ae1d19"),
    ("hello, world", "342fac623a5ebc8e4cdcbc079642414d"), ("19 Jan 2038 at 3:14:07 AM", "b89e5988b737affc664fc2950231b2cb"),
    ("The quick brown fox jumps over the lazy dog.", "cd99481f9ee902c9695da1a38987b6e7"),
  ])
  func `the values are those of MurmurHash3`(_ text: String, _ digits: String) {
    let found = String(StableHash.bits(of: Array(text.utf8)), radix: 16)
    #expect(String(repeating: "0", count: 32 - found.count) + found == digits)
  }

  @Test func `every bit of every length moves about half of the result`() {
    var random = SeededGenerator(seed: 128)
    for length in 1...70 {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      let bits = StableHash.bits(of: bytes)
      for place in 0..<(length * 8) {
        var other = bytes
        other[place / 8] ^= 1 << UInt8(place % 8)
        let moved = (StableHash.bits(of: other) ^ bits).nonzeroBitCount
        #expect((24...104).contains(moved), "length \(length), bit \(place): \(moved) bits")
      }
      #expect(StableHash.bits(of: bytes + [0]) != bits)
    }
  }
}

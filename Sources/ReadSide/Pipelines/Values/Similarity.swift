/// How alike two texts are, as the SQL function `similarity` has it: pg_trgm's measure, without a locale.
///
/// A word is a run of ASCII letters, digits and characters beyond ASCII; letters of ASCII count as small ones. Each word, with two blanks before it and one
/// behind it, gives its groups of three characters. The similarity is the number of groups that both texts have, over that of all groups.
package enum Similarity {
  /// From 0 to 1; 0 where neither text has a word. O(n log n).
  package static func of(_ first: String, _ second: String) -> Double {
    let (first, second) = (groups(of: first), groups(of: second))
    var (both, left, right) = (0, 0, 0)
    while left < first.count, right < second.count {
      if first[left] == second[right] {
        both += 1
        left += 1
        right += 1
      } else if first[left] < second[right] {
        left += 1
      } else {
        right += 1
      }
    }
    let all = first.count + second.count - both
    return all == 0 ? 0 : Double(both) / Double(all)
  }

  /// Sorted, each once: three scalars of 21 bits.
  private static func groups(of text: String) -> [UInt64] {
    let blank = UInt64(UInt8(ascii: " "))
    var groups: [UInt64] = []
    var window = blank
    var isInWord = false
    func add(_ scalar: UInt64) {
      window = (window << 21 | scalar) & (1 << 63 - 1)
      groups.append(window)
    }
    for scalar in text.unicodeScalars {
      if let character = wordCharacter(scalar) {
        if !isInWord { window = blank << 21 | blank }
        isInWord = true
        add(character)
      } else if isInWord {
        add(blank)
        isInWord = false
      }
    }
    if isInWord { add(blank) }
    groups.sort()
    var unique: [UInt64] = []
    for group in groups where unique.last != group { unique.append(group) }
    return unique
  }

  /// Folded; nil between words.
  private static func wordCharacter(_ scalar: Unicode.Scalar) -> UInt64? {
    switch scalar.value {
    case 0x41...0x5a: UInt64(scalar.value | 0x20)
    case 0x61...0x7a, 0x30...0x39, 0x80...: UInt64(scalar.value)
    default: nil
    }
  }
}

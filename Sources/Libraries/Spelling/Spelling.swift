/// Finds the word that was probably meant, for errors about a word that is not known.
package enum Spelling {
  /// The known word with the fewest edits, the first of equals; nil when none is near enough to be meant: within a third of the word's length, and
  /// one edit always. Letters count as equal whatever their case.
  package static func nearest(to word: String, among known: [String]) -> String? {
    let folded = Array(word.lowercased().utf8)
    let limit = max(1, folded.count / 3)
    var best: (distance: Int, word: String)?
    for candidate in known {
      let distance = distance(folded, Array(candidate.lowercased().utf8), limit: limit)
      if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best?.word
  }

  /// Insertions, deletions, replacements and swaps of neighbours that make one from the other; anything over `limit` for more. O(n * m).
  static func distance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
    if abs(left.count - right.count) > limit { return limit + 1 }
    var before = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for i in 0..<left.count {
      var row = [i + 1]
      for j in 0..<right.count {
        var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, before[j - 1] + 1) }
        row.append(cost)
      }
      before = last
      last = row
    }
    return last[right.count]
  }
}

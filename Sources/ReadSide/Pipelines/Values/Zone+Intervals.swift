extension Zone {
  /// The seconds of some local days (counted from 1970-01-01) that begin so many seconds after midnight: from their first instant to the
  /// first one after their last. Empty when the zone skipped them.
  func interval(localDays days: Range<Int64>, from second: Int64) -> Range<Int64> {
    let start = start(local: days.lowerBound * Timestamp.secondsPerDay + second)
    return start..<max(start, end(local: days.upperBound * Timestamp.secondsPerDay + second))
  }

  /// The first instant of local time at or past `local`: where clocks skip it, the one at which they do.
  private func start(local: Int64) -> Int64 {
    let found = instant(local: local)
    let offset = offset(at: found)
    // Where the later offset would have it, the earlier one still holds.
    return found + offset == local ? found : change(after: local - offset, at: found) { $0 == offset }
  }

  /// The instant from which on local time is at or past `local`: where clocks go back over it, the second time that it comes.
  private func end(local: Int64) -> Int64 {
    let first = start(local: local)
    let before = offset(at: local - Timestamp.secondsPerDay)
    let after = offset(at: local + Timestamp.secondsPerDay)
    let second = local - min(before, after)
    // A clock that went back from `local` itself, or from later on the same day, left the day before for good at the first.
    guard second > first, offset(at: second) == local - second, second - 1 + offset(at: second - 1) < local else { return first }
    return second
  }

  /// The seconds of a local hour, or part of one, under an offset, as far as the offset holds; `second` is one of them.
  func span(_ span: Range<Int64>, offset: Int64, holding second: Int64) -> Range<Int64> {
    let (start, end) = (span.lowerBound, span.upperBound)
    let first = self.offset(at: start) == offset ? start : change(after: start, at: second) { $0 == offset }
    let last = self.offset(at: end - 1) == offset ? end : change(after: second, at: end - 1) { $0 != offset }
    return first..<last
  }

  /// A second within a range at which the offset holds: its first, its last, or one of each quarter of an hour between.
  func second(in range: Range<Int64>, offset: Int64) -> Int64? {
    let candidates = [range.lowerBound, range.upperBound - 1] + stride(from: range.lowerBound, to: range.upperBound, by: 900)
    return candidates.first { self.offset(at: $0) == offset }
  }

  /// The first second, after `low` and up to `high`, from which on the offset is as asked: it is at `high` and is not at `low`.
  private func change(after low: Int64, at high: Int64, _ isSo: (Int64) -> Bool) -> Int64 {
    var (low, high) = (low, high)
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if isSo(offset(at: middle)) { high = middle } else { low = middle }
    }
    return high
  }
}

internal import Pipelines

/// Lengths of time as pipeline files write them: `30m`, `24h`, `1h30m`, `1ms`, `7d`.
package enum SpanText {
  private static let units: [(name: String, microseconds: Int64)] = [
    ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000), ("w", 604_800_000_000),
  ]
  /// A hundred years.
  static let microsecondsMax: Int64 = 3_155_760_000_000_000

  /// Microseconds, at most those of a hundred years; nil when the text is not a length of time, or a longer one.
  package static func parse(_ text: String) -> Int64? {
    var rest = Substring(text)
    var total: Int64 = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard !digits.isEmpty, let count = Int64(digits), count <= microsecondsMax / 1_000 else { return nil }
      rest = rest.dropFirst(digits.count)
      let name = rest.prefix { $0.isLetter }
      guard let unit = units.first(where: { $0.name == name }) else { return nil }
      let (span, overflow) = count.multipliedReportingOverflow(by: unit.microseconds)
      guard !overflow, span <= microsecondsMax, total + span <= microsecondsMax else { return nil }
      total += span
      rest = rest.dropFirst(name.count)
    }
    return total
  }

  /// `1h30m`: what `parse` reads.
  package static func text(_ microseconds: Int64) -> String {
    if microseconds == 0 { return "0s" }
    var rest = microseconds
    var text = ""
    for unit in units.reversed() where unit.name != "w" {
      let count = rest / unit.microseconds
      if count > 0 { text += "\(count)\(unit.name)" }
      rest -= count * unit.microseconds
    }
    return text
  }
}

/// What a person sees of an import while it runs: rows, how fast, how long still.
struct ImportMeter {
  /// Of the file, from where this run began to import: 0 to 1.
  var read = 0.0
  var rows = 0
  var seconds = 0.0
  /// Nothing is imported yet: rows that are in the table are read again.
  var isPassingOver = false

  /// `123,456 rows, 45,000/s, 12 s left`
  var text: String {
    if isPassingOver { return "\(ImportMeter.grouped(rows)) rows are in the table" }
    guard seconds > 0, rows > 0 else { return "\(ImportMeter.grouped(rows)) rows" }
    let rate = Int(Double(rows) / seconds)
    guard read > 0, read < 1 else { return "\(ImportMeter.grouped(rows)) rows, \(ImportMeter.grouped(rate))/s" }
    return
      "\(ImportMeter.grouped(rows)) rows, \(ImportMeter.grouped(rate))/s, \(ImportMeter.duration(seconds / read * (1 - read))) left"
  }

  /// Digits in groups of three.
  static func grouped(_ number: Int) -> String {
    let digits = String(number)
    var out = ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place) % 3 == 0 { out += "," }
      out.append(digit)
    }
    return out
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}

internal import Foundation

/// How far this machine's clock stands from a database's.
///
/// Nothing in rows and no effect goes by a process's clock, so nothing is lost where they differ; but what the process says of the present, as how
/// late its rows are, is wrong by as much.
struct ClockDifference: Equatable {
  /// Machines whose clocks are kept right differ by milliseconds.
  static let secondsMax = 5.0

  /// Of this machine's clock; negative where it is behind. 0 where the database's time lies within the time that asking took.
  let secondsAhead: Double

  /// `time` is the database's, in milliseconds since 1970, as it was asked for between two instants of this machine's clock.
  init(_ time: Int64, askedFor asked: Date, answered: Date) {
    let time = Double(time) / 1000
    secondsAhead =
      if time < asked.timeIntervalSince1970 {
        asked.timeIntervalSince1970 - time
      } else if time > answered.timeIntervalSince1970 {
        answered.timeIntervalSince1970 - time
      } else { 0 }
  }

  /// What is to be said of it; nil while the clocks agree.
  var sentence: String? {
    guard abs(secondsAhead) > ClockDifference.secondsMax else { return nil }
    let seconds = String(format: "%.0f", abs(secondsAhead))
    return
      "this machine's clock is \(seconds) s \(secondsAhead > 0 ? "ahead of" : "behind") the database's: what the process says in "
      + "seconds, as how late its rows are, is wrong by as much"
  }
}

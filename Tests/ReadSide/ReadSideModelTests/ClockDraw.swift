/// Draws whose clocks the tables have: the store's own, or history clocks, to which each write brings its time.
struct ClockDraw {
  /// Where the history lies.
  enum Era {
    case ours
    /// From the first second of 1970 on.
    case first
    /// Up to the last millisecond of the year 9999.
    case last
  }

  /// Tables with a history clock.
  let history: Set<String>
  /// By how many milliseconds history clocks are behind the others.
  let lag: Int64
  let era: Era

  /// All tables have the store's clock.
  static let live = ClockDraw()

  private init() { (history, lag, era) = ([], 0, .ours) }

  init(seed: UInt64) {
    var draw = Draw(seed: seed ^ 0x636c_6f63)
    guard draw.chance(3) else {
      self = .live
      return
    }
    history = draw.pick([["Tab", "Box"], ["Tab", "Box"], ["Tab"], ["Box"]])
    lag = history.count == 2 ? 0 : draw.pick([0, 1, 3_600_000, 315_360_000_000])
    era = history.count == 2 ? draw.pick([.ours, .ours, .first, .last]) : .ours
  }

  /// When a history begins that takes so many milliseconds; nil where that is all the same.
  func start(taking milliseconds: Int64) -> Int64? {
    switch era {
    case .ours: nil
    case .first: 1
    // One more passes after the last step.
    case .last: 253_402_300_799_998 - milliseconds
    }
  }
}

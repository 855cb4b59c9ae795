internal import Pipelines

/// Periods as they are written before `of`: `day`, `15m`, `season`.
enum PeriodsSyntax {
  case calendar(CalendarUnit)
  case minutes(Int)
  case season

  static let words = CalendarUnit.allCases.map(\.rawValue) + ["season"]

  /// Nil when the word stands for none. A length of time is as `SpanText` writes it.
  init?(_ word: String) {
    if let unit = CalendarUnit(rawValue: word) {
      self = .calendar(unit)
    } else if word == "season" {
      self = .season
    } else if let minutes = Periods.minutes.first(where: { word == "\($0)m" }) {
      self = .minutes(minutes)
    } else {
      return nil
    }
  }

  /// Whether clocks of a zone cut them.
  var takesZone: Bool { if case .season = self { false } else { true } }

  /// Whether they begin when days do.
  var takesDayStarts: Bool { if case .calendar(let unit) = self { unit != .hour } else { false } }

  var takesWeekStarts: Bool { if case .calendar(.week) = self { true } else { false } }
}

extension ExpressionSyntax {
  /// The periods that it speaks of anywhere, and whether they have a zone of their own.
  var periods: [(kind: PeriodsSyntax, hasZone: Bool)] {
    switch self {
    case .arithmetic(_, let left, let right, _): left.periods + right.periods
    case .call(let function, let arguments, _):
      (PeriodsSyntax(function).map { [($0, arguments.count > 1)] } ?? []) + arguments.flatMap(\.periods)
    case .path, .text, .number, .flag, .span: []
    }
  }
}

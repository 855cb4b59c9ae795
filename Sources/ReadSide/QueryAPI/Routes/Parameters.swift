internal import ReadModels

/// The parameters of the server's own paths.
enum Parameters {
  static let atLeast = RequestParameter(
    name: "at_least",
    about:
      "Wait, at most \(PipelineView.freshnessWaitMax.components.seconds) s, until the answer holds the record at this position: that of"
      + " `x-afterimage-position` in the answer to a write. Positions of tables that the answer does not read are not waited for. Commas"
      + " join several.",
    schema: .position, counts: 0...Int.max)

  // Boards
  static let board = "board"
  static let offset = DefaultedParameter("offset", in: 0...1_000_000_000, default: 0, "Leave out this many members.")
  static let boardLimit = DefaultedParameter(
    "limit", in: 1...PipelineView.boardPageMax, default: 10, "At most this many members.")
  static let fromRank = DefaultedParameter("from", in: 1...1_000_000_000, default: 1, "The first rank.")
  static let toRank = IntegerParameter("to", in: 1...1_000_000_000, "The last rank; without it to the end of the board.")
  static let member = "member"
  static let radius = DefaultedParameter("radius", in: 0...500, default: 5, "This many members before and after the one.")

  // Rows
  static let key = "key"
  static let sessionsLimit = DefaultedParameter("limit", in: 1...1_000, default: 100, "At most this many sessions.")
  static let lettersLimit = DefaultedParameter("limit", in: 1...1_000, default: 100, "At most this many dead letters.")

  // Effects
  static let state = RequestParameter(
    name: "state", about: "Only effects in this state.", schema: .one(of: EffectState.allCases.map(\.rawValue)))
  static let after = DefaultedParameter("after", in: 0...Int.max, default: 0, "Only effects with a greater id.")
  static let effectsLimit = DefaultedParameter("limit", in: 1...1_000, default: 100, "At most this many effects.")
  static let id = IntegerParameter("id", in: 1...Int.max, "The effect with this id.")
  static let effect = "effect"
}

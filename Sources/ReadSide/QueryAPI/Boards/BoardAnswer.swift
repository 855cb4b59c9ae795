internal import DynamoModel
internal import ReadModels

/// What was found for a question about a board, all of one moment; becomes JSON after the boards have been let go of.
struct BoardAnswer: Sendable {
  let asked: AskedBoard
  let shown: ShownBoard
  /// Only of a question for ranks.
  let ranks: [ShownBoard.Member?]?
  /// Whether members have their rank among one another.
  let isAmong: Bool
  /// What the answer is true for, as JSON members.
  let validity: [UInt8]

  var json: [UInt8] {
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    asked.append(self, to: &writer)
    writer.raw(validity)
    writer.endObject()
    return writer.bytes
  }
}

/// The boards of one leaderboard as they were when they were last looked at, and what is true of that moment.
///
/// Not `Sendable`: `ranks` belongs to the reader that gave it, which brings it on to a later moment.
struct SeenBoards {
  /// Of the store's state, where it has one.
  let version: Int64?
  let ranks: any BoardRanks
  /// The only board of a leaderboard whose boards have no values; nil also when it has no members.
  let whole: RankBoard?
  let places: [ReadPlace]
  /// What answers that show members are true for, and answers of ranks, as JSON members.
  let shownValidity: [UInt8]
  let ranksValidity: [UInt8]
}

internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// A board as an answer or a tile shows it.
struct ShownBoard: Sendable {
  /// A member, with the cells of the leaderboard's columns, and those that `show` takes from a collection.
  struct Member: Sendable {
    let ranked: RankedMember
    let columns: [AnswerCell]
    var shown: [AnswerCell] = []
    /// Its rank among the members that are asked for alone.
    var among: Double?
  }

  let name: String
  /// The values that name the board; none when there is no board.
  let values: [Value]
  let closedAt: Instant?
  /// How many members the board has, those that are not shown included.
  let counted: Int
  let members: [Member]

  /// `leaderboard`, `board`, `closed_at` (of boards with a calendar period), `count` if it is counted, `members`. `isAmong`: each with its rank
  /// among these.
  static func shape(
    _ id: ProjectionID, _ definition: Leaderboard, _ pipeline: Pipeline, isCounted: Bool, isAmong: Bool = false
  ) -> AnswerShape<ShownBoard> {
    var members = head(id, definition, pipeline, isCounted: isCounted) { (board: ShownBoard) in board }
    var member: [AnswerShape<Member>.Member] = []
    if isAmong {
      let rank = rankSchema(definition).about("The rank that it would have if the others were not on the board.")
      member.append(.value("among", rank) { write($0.among ?? 0, to: &$1) })
    }
    member += memberShape(definition, pipeline.projections[id]).members + showMembers(definition, pipeline)
    members.append(.objects("members", of: AnswerShape(member)) { $0.members })
    return AnswerShape(members)
  }

  /// What is said of a board before its members; `board` finds it in an answer.
  static func head<Source>(
    _ id: ProjectionID, _ definition: Leaderboard, _ pipeline: Pipeline, isCounted: Bool,
    board: @escaping @Sendable (Source) -> ShownBoard
  ) -> [AnswerShape<Source>.Member] {
    let projection = pipeline.projections[id]
    let parts = projection.table.columns[..<definition.boardCount].map { JSONSchema.value($0.type) }
    var members: [AnswerShape<Source>.Member] = [
      .value("leaderboard", .exactly(.text(projection.name))) { $1.string(board($0).name) },
      .value(
        "board", JSONSchema.tuple(parts, mayBeEmpty: true).about("The values that name the board; none when no board is found.")
      ) {
        $1.array(board($0).values) { $0.value($1) }
      },
    ]
    if !definition.windows.isEmpty {
      members.append(
        .value("closed_at", JSONSchema.instant.orNull.about("When the board closed; null while it is open.")) {
          if let closed = board($0).closedAt { $1.string(Timestamp.text(closed)) } else { $1.null() }
        })
    }
    if isCounted {
      members.append(.count("count", "The members of the board, those that are not shown included.") { board($0).counted })
    }
    return members
  }

  private static func rankSchema(_ definition: Leaderboard) -> JSONSchema { definition.ties == .fractional ? .number : .integer }

  private static func write(_ rank: Double, to writer: inout JSONWriter) {
    if rank == rank.rounded() { writer.integer(Int(rank)) } else { writer.double(rank) }
  }

  /// `rank`, `member`, `score`, further scores, `reached_at`, and `columns` of a leaderboard that has some.
  static func memberShape(_ definition: Leaderboard, _ projection: Projection) -> AnswerShape<Member> {
    var members: [AnswerShape<Member>.Member] = [
      .value("rank", rankSchema(definition)) { write($0.ranked.rank, to: &$1) },
      .value("member", .value(definition.memberType)) { $1.value($0.ranked.member) },
    ]
    for (place, score) in definition.scores.enumerated() {
      members.append(
        .value(Leaderboard.scoreName(place), .value(score.type)) {
          $1.value(place == 0 ? $0.ranked.score : $0.ranked.moreScores[place - 1])
        })
    }
    members.append(
      .value("reached_at", .instant) { member, writer in
        Timestamp.withText(member.ranked.reachedAt) { (text) throws(Never) in writer.string(utf8: text) }
      })
    guard !definition.columns.isEmpty else { return AnswerShape(members) }
    let columns = projection.table.columns[definition.furtherColumns].enumerated().map { place, column in
      AnswerShape<Member>.Member.value(column.name, .cell(column)) { $1.cell($0.columns[place]) }
    }
    let shape = AnswerShape(columns)
    members.append(
      .value("columns", shape.schema.about("What the leaderboard holds of the member beside its scores.")) {
        shape.object($0, to: &$1)
      })
    return AnswerShape(members)
  }

  private static func showMembers(_ definition: Leaderboard, _ pipeline: Pipeline) -> [AnswerShape<Member>.Member] {
    guard let show = definition.show else { return [] }
    let table = pipeline.projections[show.projection].table
    let columns = show.columns.enumerated().map { place, name in
      let type = table.column(named: name).map { table.columns[$0].type }
      return AnswerShape<Member>.Member.value(name, type.map { .cell($0).orNull } ?? .anyCell) { $1.cell($0.shown[place]) }
    }
    let shape = AnswerShape(columns)
    return [
      .value("show", shape.schema.about("What `\(pipeline.projections[show.projection].name)` says of the member.")) {
        shape.object($0, to: &$1)
      }
    ]
  }
}

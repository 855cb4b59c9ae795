internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// A board as an answer or a tile shows it.
struct ShownBoard: Sendable {
  /// A member with the cells that `show` takes from a collection, in the order of its columns.
  struct Member: Sendable {
    let ranked: RankedMember
    let cells: [AnswerCell]
  }

  let name: String
  /// The values that name the board; none when there is no board.
  let values: [Value]
  let closedAt: Instant?
  /// How many members the board has, those that are not shown included.
  let counted: Int
  let members: [Member]

  /// `leaderboard`, `board`, `closed_at` (of boards with a calendar period), `count` if it is counted, `members`.
  static func shape(
    _ id: ProjectionID, _ definition: Leaderboard, _ pipeline: Pipeline, isCounted: Bool
  ) -> AnswerShape<ShownBoard> {
    var members = head(id, definition, pipeline, isCounted: isCounted) { (board: ShownBoard) in board }
    members.append(.objects("members", of: memberShape(definition, pipeline)) { $0.members })
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

  /// `rank`, `member`, `score`, `reached_at`.
  static func rankedShape(_ definition: Leaderboard) -> AnswerShape<RankedMember> {
    AnswerShape(rankedMembers(definition) { $0 })
  }

  private static func rankedMembers<Source>(
    _ definition: Leaderboard, _ ranked: @escaping @Sendable (Source) -> RankedMember
  ) -> [AnswerShape<Source>.Member] {
    [
      .value("rank", definition.ties == .fractional ? .number : .integer) { member, writer in
        let rank = ranked(member).rank
        if rank == rank.rounded() { writer.integer(Int(rank)) } else { writer.double(rank) }
      },
      .value("member", .value(definition.memberType)) { $1.value(ranked($0).member) },
      .value("score", .value(definition.scoreType)) { $1.value(ranked($0).score) },
      .value("reached_at", .instant) { member, writer in
        Timestamp.withText(ranked(member).reachedAt) { (text) throws(Never) in writer.string(utf8: text) }
      },
    ]
  }

  private static func memberShape(_ definition: Leaderboard, _ pipeline: Pipeline) -> AnswerShape<Member> {
    var members: [AnswerShape<Member>.Member] = rankedMembers(definition) { $0.ranked }
    if let show = definition.show {
      let table = pipeline.projections[show.projection].table
      let columns = show.columns.enumerated().map { place, name in
        let type = table.column(named: name).map { table.columns[$0].type }
        return AnswerShape<Member>.Member.value(name, type.map { .cell($0).orNull } ?? .anyCell) { $1.cell($0.cells[place]) }
      }
      let shape = AnswerShape(columns)
      members.append(
        .value("show", shape.schema.about("What `\(pipeline.projections[show.projection].name)` says of the member.")) {
          shape.object($0, to: &$1)
        })
    }
    return AnswerShape(members)
  }
}

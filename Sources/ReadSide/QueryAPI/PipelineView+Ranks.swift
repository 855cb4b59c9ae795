internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// The ranks of many members in one answer.
extension PipelineView {
  package static let ranksMax = 1_000

  /// Which members of which board.
  struct RanksQuestion: Sendable {
    /// The values of the board's columns; nil for the latest board.
    let board: [String]?
    let members: [String]
  }

  /// The ranks of members, in the order in which they are asked for.
  struct Ranks: Sendable {
    /// Without its members.
    let board: ShownBoard
    /// Nil for a member that is not on the board, or below its floor.
    let ranks: [RankedMember?]

    static func shape(_ id: ProjectionID, _ definition: Leaderboard, _ pipeline: Pipeline) -> AnswerShape<Ranks> {
      let ranked = ShownBoard.rankedShape(definition)
      return AnswerShape(
        ShownBoard.head(id, definition, pipeline, isCounted: true) { (answer: Ranks) in answer.board } + [
          .value(
            "ranks",
            JSONSchema.list(of: ranked.schema.orNull).about(
              "One for each member that was asked for, in that order; null for one that is not on the board.")
          ) { answer, writer in
            writer.array(answer.ranks) { writer, member in
              if let member { ranked.object(member, to: &writer) } else { writer.null() }
            }
          }
        ])
    }
  }

  /// The answer as JSON: what `Ranks.shape` says, and what it is true for. O(log n) a member, all in one snapshot.
  func ranks(_ name: String, _ question: RanksQuestion, atLeast positions: [Position]) async throws -> [UInt8] {
    try await answer(
      atLeast: positions, on: .boards, about: { try PipelineView.board(named: name, $0, reads: { [$0] }) }
    ) { subject, snapshot, writer in
      let (id, definition) = subject
      let (values, board, counted) = try PipelineView.found(subject, question.board, snapshot)
      let column = snapshot.pipeline.projections[id].table.columns[definition.boardCount]
      let ranks = try question.members.map { text -> RankedMember? in
        let member = try PipelineView.value(text, column)
        guard let board else { return nil }
        // Without a floor everybody on the board is counted.
        if definition.floor != nil, (board.place(of: member) ?? counted) >= counted { return nil }
        return board.rank(of: member)
      }
      let shown = try PipelineView.shown(id, definition, values: values, members: [], counted: counted, snapshot)
      let answer = Ranks(board: shown, ranks: ranks)
      Ranks.shape(id, definition, snapshot.pipeline).append(answer, to: &writer)
    }
  }

  static func ranksSchema(_ id: ProjectionID, _ board: Leaderboard, _ pipeline: Pipeline) -> JSONSchema {
    .object(Ranks.shape(id, board, pipeline).schemas + validitySchemas([id], pipeline))
  }
}

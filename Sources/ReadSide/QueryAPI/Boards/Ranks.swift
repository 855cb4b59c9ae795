internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// The ranks of many members in one answer, in the order in which they are asked for.
struct Ranks: Sendable {
  /// Members that one request may ask for.
  static let membersMax = 1_000

  /// Without its members.
  let board: ShownBoard
  /// Nil for a member that is not on the board, or below its floor.
  let ranks: [ShownBoard.Member?]

  static func shape(_ id: ProjectionID, _ definition: Leaderboard, _ pipeline: Pipeline) -> AnswerShape<Ranks> {
    let ranked = ShownBoard.memberShape(definition, pipeline.projections[id])
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

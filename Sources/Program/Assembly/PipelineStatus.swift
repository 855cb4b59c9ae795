internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import QueryAPI
internal import ReadModels
internal import Workers

/// A pipeline's state at one moment, as `/v1/pipelines/P` answers it and the page hears of it.
struct PipelineStatus: Sendable {
  /// How far the current generation is from the logs' ends.
  struct Lag: Sendable {
    let records: UInt64
    let seconds: Double
  }

  struct Lane: Sendable {
    let status: LaneStatus
    /// The process that runs it; nil where it is this one or nobody.
    let worker: String?
    let behind: UInt64
  }

  struct RunningGeneration: Sendable {
    let number: Int
    let state: Generation.State
    let lanes: [Lane]
  }

  let pipeline: Pipeline
  /// Nil while nothing is known of the worker, which is another process.
  let lag: Lag?
  /// A sentence for each thing that stands still, or soon will.
  let stopped: [String]
  let held: [HeldProjection]
  let generations: [RunningGeneration]

  static let shape = AnswerShape<PipelineStatus>([
    .text("pipeline") { $0.pipeline.name },
    .text("about") { $0.pipeline.about },
    .object(
      "behind", of: lagShape,
      "How far the rows are from the logs' ends; null while nothing is known of the process that does the work."
    ) { $0.lag },
    .texts("stopped", "A sentence for each thing that stands still, or soon will.") { $0.stopped },
    .objects("held", of: heldShape, "Projections that wait for a lane.") { $0.held },
    .objects("generations", of: generationShape) { $0.generations },
    .objects("queries", of: queryShape) { $0.pipeline.queries },
    .texts("projections") { $0.pipeline.projections.map(\.name) },
  ])

  private static let lagShape = AnswerShape<Lag>([
    .count("records", "Records that have not been applied.") { $0.records },
    .value("seconds", .number) { $1.double($0.seconds) },
  ])

  private static let heldShape = AnswerShape<HeldProjection>([
    .text("projection") { $0.projection },
    .text("table") { $0.table },
    .count("partition") { $0.partition },
    .count("waiting", "Steps that wait.") { $0.waiting },
  ])

  private static let generationShape = AnswerShape<RunningGeneration>([
    .count("number") { $0.number },
    .value("state", .one(of: Generation.State.allCases.map(\.rawValue))) { $1.string($0.state.rawValue) },
    .objects("lanes", of: laneShape) { $0.lanes },
  ])

  private static let laneShape = AnswerShape<Lane>([
    .text("table") { $0.status.table },
    .count("partition") { $0.status.partition },
    .count("sequence", "The last record in the read model.") { $0.status.sequence.rawValue },
    .count("behind", "Records in the log that are not in the read model.") { $0.behind },
    .count("dead_letters") { $0.status.deadLetters },
    .optionalInteger("watermark", "The time for which the lane's rows hold, in milliseconds since 1970.") {
      $0.status.watermark > Instant(.zero) ? $0.status.watermark.milliseconds : nil
    },
    .optionalText("worker", "The process that runs the lane, where read models are in a database; null where none does.") {
      $0.worker
    },
    .optionalText("stopped", "Why the lane waits for an operator.") { $0.status.stopped },
    .optionalInteger("kept_until", "Until when the log keeps what the lane has yet to apply, in milliseconds since 1970.") {
      $0.status.neededUntil?.rawValue
    },
  ])

  private static let queryShape = AnswerShape<NamedQuery>([
    .text("name") { $0.name },
    .text("about") { $0.about },
    .objects("parameters", of: parameterShape) { $0.parameters },
  ])

  private static let parameterShape = AnswerShape<QueryParameter>([
    .text("name") { $0.name },
    .value("type", .one(of: ValueType.allCases.map(\.rawValue))) { $1.string($0.type.rawValue) },
  ])
}

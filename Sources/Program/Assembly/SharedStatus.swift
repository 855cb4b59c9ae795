internal import ChangeRecords
internal import Foundation
internal import Pipelines
internal import ReadModels
internal import Workers

/// A pipeline's state as the processes that work on it have reported it, as a value: the same in whichever process it is asked for.
struct SharedStatus: Sendable, Equatable {
  /// A lane that nobody has reported for so long is not worked on: processes report each second.
  static let silenceMax = Duration.seconds(5)

  struct Lane: Sendable, Equatable {
    let report: WorkReport.Lane
    /// The process that runs the lane; nil where nobody does.
    let worker: String?
    /// Why the lane stands still, or that nobody runs it; nil while it goes on.
    let stopped: String?
  }

  struct RunningGeneration: Sendable, Equatable {
    let generation: Generation
    let lanes: [Lane]
  }

  /// The current one first; those that somebody has reported lanes of.
  let generations: [RunningGeneration]
  let held: [HeldProjection]
  /// A sentence for each thing that stands still, the current generation's lanes among them.
  let stopped: [String]

  /// `generations` are those that are served or built.
  init(_ work: ReportedWork, generations all: [Generation]) {
    let present = work.workers.filter { $0.age < SharedStatus.silenceMax }
    generations =
      all.sorted { ($0.state == .current ? 0 : 1, $0.number) < ($1.state == .current ? 0 : 1, $1.number) }.compactMap {
        generation in
        let lanes = work.lanes.filter { $0.report.generation == generation.number }.map { SharedStatus.lane($0) }
        return lanes.isEmpty ? nil : RunningGeneration(generation: generation, lanes: lanes)
      }
    let first = generations.first
    held = first.flatMap { first in present.compactMap { $0.held[first.generation.number] }.first { !$0.isEmpty } } ?? []
    var sentences: [String] = []
    for sentence in present.flatMap(\.stopped) + (first?.lanes.compactMap(\.stopped) ?? []) where !sentences.contains(sentence) {
      sentences.append(sentence)
    }
    stopped = sentences
  }

  private static func lane(_ lane: ReportedWork.Lane) -> Lane {
    guard lane.age >= silenceMax else { return Lane(report: lane.report, worker: lane.worker, stopped: lane.report.stopped) }
    let sentence =
      "\(lane.report.table)[\(lane.report.partition)] has not been worked on for \(lane.age.components.seconds) s, "
      + "last by \(lane.worker): start a worker"
    return Lane(report: lane.report, worker: nil, stopped: sentence)
  }
}

extension LaneStatus {
  /// As another process has reported it.
  init(_ lane: SharedStatus.Lane) {
    self.init(table: lane.report.table, partition: lane.report.partition)
    sequence = lane.report.sequence
    behind = lane.report.behind
    watermark = lane.report.watermark
    deadLetters = lane.report.deadLetters
    retention = lane.report.retention
    stopped = lane.stopped
  }

  /// How close the lane is to what its log drops, at a time.
  func notice(at now: Date) -> RetentionNotice {
    RetentionNotice(
      neededUntil: neededUntil, retention: retention, now: .init(rawValue: Int64(now.timeIntervalSince1970 * 1000)))
  }
}

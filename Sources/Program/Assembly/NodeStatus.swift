internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import Pipelines
internal import ReadModels
internal import TableStore
internal import Telemetry
internal import Workers

/// What `/v1/pipelines/P`, the page and `/metrics` say of the work: generations, lanes, lag.
struct NodeStatus: Sendable {
  let live: LivePipelines
  let workers: [PipelineWorker]
  let metrics: Metrics
  let relays: RelayBoard
  /// The store of this process; nil when tables are elsewhere.
  let store: TableStore?

  func json(_ name: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    guard let pipeline = live.definition(of: name)?.pipeline else {
      writer.endObject()
      return writer.bytes
    }
    writer.member("pipeline", name)
    writer.member("about", pipeline.about)
    let worker = workers.first { $0.pipeline.name == name }
    let running = worker?.generations ?? []
    let current = running.first { $0.generation.state == .current } ?? running.last
    let lanes = current?.lanes.all ?? []
    writer.name("behind")
    if workers.contains(where: { $0.pipeline.name == name }) {
      writer.beginObject()
      writer.member("records", lanes.reduce(0) { $0 + behind($1) })
      writer.member("seconds", secondsBehind(lanes))
      writer.endObject()
    } else {
      // The worker is another process: what it is doing is not known here.
      writer.null()
    }
    writer.name("stopped")
    let relayed = pipeline.tables.compactMap { table in
      relays.reason(table.name).map { "the relay of \(table.name) has stopped, and with it what comes after it: \($0)" }
    }
    let troubles =
      [worker?.stopped, current?.lanes.deciderStopped].compactMap { $0 } + lanes.compactMap(\.stopped) + relayed
      + lanes.compactMap { $0.notice.sentence("\($0.table)[\($0.partition)]") }
    writer.array(troubles) { $0.string($1) }
    writer.name("held")
    writer.array(current?.lanes.held ?? []) { writer, held in
      writer.beginObject()
      writer.member("projection", held.projection)
      writer.member("table", held.table)
      writer.member("partition", held.partition)
      writer.member("waiting", held.waiting)
      writer.endObject()
    }
    writer.name("generations")
    writer.array(running) { writer, running in
      writer.beginObject()
      writer.member("number", running.generation.number)
      writer.member("state", running.generation.state.rawValue)
      writer.name("lanes")
      writer.array(running.lanes.all) { append($1, &$0) }
      writer.endObject()
    }
    writer.name("queries")
    writer.array(pipeline.queries) { writer, query in
      writer.beginObject()
      writer.member("name", query.name)
      writer.member("about", query.about)
      writer.name("parameters")
      writer.array(query.parameters) { writer, parameter in
        writer.beginObject()
        writer.member("name", parameter.name)
        writer.member("type", parameter.type.rawValue)
        writer.endObject()
      }
      writer.endObject()
    }
    writer.name("projections")
    writer.array(pipeline.projections.map(\.name)) { $0.string($1) }
    writer.endObject()
    return writer.bytes
  }

  /// Records that a lane has not applied: of one whose relay or which itself stands still, those that its table's log holds meanwhile.
  private func behind(_ lane: LaneStatus) -> UInt64 {
    guard lane.stopped != nil || relays.reason(lane.table) != nil, let last = store?.lastSequence(lane.table, lane.partition)
    else {
      return lane.behind
    }
    return max(lane.behind, last.records(after: lane.sequence))
  }

  private func append(_ lane: LaneStatus, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("table", lane.table)
    writer.member("partition", lane.partition)
    writer.member("sequence", lane.sequence.rawValue)
    writer.member("behind", behind(lane))
    writer.member("dead_letters", lane.deadLetters)
    if let stopped = lane.stopped { writer.member("stopped", stopped) }
    if let end = lane.neededUntil { writer.member("kept_until", end.rawValue) }
    writer.endObject()
  }

  /// How late the rows of the latest lane are, in seconds; 0 while no lane has records to apply. A lane that has stopped is as late as its
  /// watermark.
  private func secondsBehind(_ lanes: [LaneStatus]) -> Double {
    let waiting = lanes.filter {
      (behind($0) > 0 || $0.stopped != nil || relays.reason($0.table) != nil) && $0.watermark > Instant(.zero)
    }
    guard let least = waiting.map(\.watermark).min() else { return 0 }
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    return Double(max(0, now - least.milliseconds)) / 1000
  }

  /// What `/metrics` answers.
  func metricsText() -> String {
    refresh()
    return metrics.text
  }

  private func refresh() {
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    for worker in workers {
      for running in worker.generations {
        for lane in running.lanes.all {
          let labels: KeyValuePairs = [
            "pipeline": worker.pipeline.name, "generation": "\(running.generation.number)", "table": lane.table,
            "partition": "\(lane.partition)",
          ]
          metrics.cell(.gauge, "afterimage_lane_sequence", help: "Last record in the read model.", labels: labels)
            .set(Int64(lane.sequence.rawValue))
          metrics.cell(
            .gauge, "afterimage_lane_behind_records", help: "Records in the log that are not in the read model.", labels: labels
          )
          .set(Int64(clamping: behind(lane)))
          metrics.cell(
            .counter, "afterimage_lane_records_total", help: "Records applied since the lane was started.", labels: labels
          )
          .set(Int64(lane.applied))
          metrics.cell(
            .counter, "afterimage_dead_letters_total",
            help: "Records that a projection could not take, and sums that came to be too large.", labels: labels
          )
          .set(Int64(lane.deadLetters))
          metrics.cell(.gauge, "afterimage_lane_stopped", help: "1 while the lane waits for an operator.", labels: labels)
            .set(lane.stopped == nil ? 0 : 1)
          if let end = lane.neededUntil {
            metrics.cell(
              .gauge, "afterimage_lane_kept_seconds",
              help: "How long the log keeps what the lane has yet to apply; negative when it may be gone.", labels: labels
            )
            .set((end.rawValue - now) / 1000)
          }
        }
      }
    }
  }
}

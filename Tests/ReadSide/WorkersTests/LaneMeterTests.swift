import ChangeLog
import ChangeRecords
import Foundation
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import ReadModels
import Telemetry
import Testing

@testable import Workers

/// What a lane counts and measures.
@Suite struct LaneMeterTests {
  private let metrics = Metrics()

  private func meter(_ state: Generation.State = .current) throws -> LaneMeter {
    let generation = Generation(number: 3, fingerprint: "", state: state, store: "")
    return LaneMeter(metrics, try pipeline(LaneRunTests.yaml), LaneID(table: 0, partition: 1), generation: generation)
  }

  private func value(_ name: String, _ labels: String = #"pipeline="lane",generation="3",table="Tab",partition="1""#) -> String? {
    let line = metrics.text.split(separator: "\n").first { $0.hasPrefix("\(name){\(labels)} ") }
    return line?.split(separator: " ").last.map(String.init)
  }

  private var result: CheckpointResult {
    var result = CheckpointResult()
    result.deadLetters = 2
    return result
  }

  @Test func `a lane that is started again counts on`() throws {
    for count in 1...2 {
      let meter = try meter()
      meter.started()
      meter.committed(5, result, oldest: nil, took: .milliseconds(3))
      #expect(value("afterimage_lane_starts_total") == "\(count)")
      #expect(value("afterimage_lane_records_total") == "\(5 * count)")
      #expect(
        value("afterimage_projection_records_total", #"pipeline="lane",generation="3",projection="plays""#) == "\(5 * count)")
      #expect(value("afterimage_dead_letters_total") == "\(2 * count)")
      #expect(value("afterimage_checkpoint_seconds_count", #"pipeline="lane""#) == "\(count)")
      #expect(value("afterimage_checkpoint_seconds_bucket", #"pipeline="lane",le="0.0025""#) == "0")
      #expect(value("afterimage_checkpoint_seconds_bucket", #"pipeline="lane",le="0.005""#) == "\(count)")
    }
  }

  @Test func `errors are counted from 0, and that another took the lane is none`() throws {
    let meter = try meter()
    for stage in WorkerStage.allCases {
      #expect(value("afterimage_store_errors_total", "pipeline=\"lane\",stage=\"\(stage.rawValue)\"") == "0")
    }
    #expect(value("afterimage_log_errors_total") == "0")
    meter.failed(LogError(.retry, table: "Tab", partition: 1, "away"))
    meter.failed(ReadModelError.superseded(table: "Tab", partition: 1))
    meter.failed(ReadModelError.held("another takes its place"))
    meter.failed(ReadModelError.storage(path: "p", "full", isFull: true))
    #expect(value("afterimage_log_errors_total") == "1")
    #expect(value("afterimage_store_errors_total", #"pipeline="lane",stage="lane""#) == "1")
  }

  @Test func `the time from write to row is measured where readers see the rows, from the oldest record`() throws {
    let before = LogTime(rawValue: Int64(Date().timeIntervalSince1970 * 1000) - 2_000)
    let building = try meter(.building)
    building.committed(1, result, oldest: before, took: .zero)
    #expect(!metrics.text.contains("write_to_visible"))
    let current = try meter()
    current.committed(1, result, oldest: nil, took: .zero)
    #expect(value("afterimage_write_to_visible_seconds_count", #"pipeline="lane""#) == "0")
    current.committed(1, result, oldest: before, took: .zero)
    // A clock of another machine may be ahead: nothing waits less than no time.
    current.committed(1, result, oldest: LogTime(rawValue: .max / 2), took: .zero)
    #expect(value("afterimage_write_to_visible_seconds_count", #"pipeline="lane""#) == "2")
    #expect(value("afterimage_write_to_visible_seconds_bucket", #"pipeline="lane",le="0.005""#) == "1")
    #expect(value("afterimage_write_to_visible_seconds_bucket", #"pipeline="lane",le="1""#) == "1")
    #expect(value("afterimage_write_to_visible_seconds_bucket", #"pipeline="lane",le="300""#) == "2")
  }
}

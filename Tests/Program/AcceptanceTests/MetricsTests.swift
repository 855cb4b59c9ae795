import Foundation
import Testing

/// `/metrics` of a running process, as Prometheus reads it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct MetricsTests {
  static let pipeline =
    Notes.pipeline + "\n" + """
      effects:
        gone: { each: note expired, delete: { rows: notes, where: id = :id } }
      metrics:
        notes_now: { type: gauge, help: Notes that exist., sql: SELECT count(*) FROM notes }
        note_length:
          type: gauge
          help: Length of a note.
          labels: [id]
          sql: SELECT id, length(text) AS value FROM notes ORDER BY id
          series: 2

      """

  /// What a worker says of a pipeline, beside histograms and what has more labels.
  static let own = [
    "afterimage_lane_records_total", "afterimage_lane_starts_total", "afterimage_lane_sequence", "afterimage_lane_behind_records",
    "afterimage_lane_stopped", "afterimage_dead_letters_total", "afterimage_log_errors_total", "afterimage_store_errors_total",
    "afterimage_lag_records", "afterimage_lag_seconds", "afterimage_watermark_age_seconds", "afterimage_decider_stopped",
    "afterimage_checkpoint_seconds_bucket", "afterimage_checkpoint_seconds_sum", "afterimage_checkpoint_seconds_count",
  ]

  /// Asks until the answer is as it should be.
  private func metrics(_ address: String, _ what: String, _ isSo: (String) -> Bool) async throws -> String {
    let end = ContinuousClock.now + .seconds(60)
    while true {
      let answer = try await Program.run("/usr/bin/env", ["curl", "-s", address + "/metrics"]).output
      if isSo(answer) { return answer }
      try #require(ContinuousClock.now < end, "\(what): \(answer)")
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  private func put(_ id: String, _ text: String, _ server: DevProcess) async throws {
    let outcome = try await Program.run("table", "put", "Notes", "id=\(id)", "Text=\(text)", "--endpoint", server.tables)
    try #require(outcome.status == 0, "\(outcome)")
  }

  /// What promtool finds in a scrape; empty when nothing.
  private func findings(_ scrape: String, _ folder: TestFolder) async throws -> String {
    try folder.write("scrape.txt", scrape)
    let outcome = try await Program.run("/bin/sh", ["-c", "promtool check metrics < '\(folder.file("scrape.txt"))' 2>&1"])
    return outcome.status == 0 ? outcome.output : "status \(outcome.status): \(outcome.output)"
  }

  @Test func `a pipeline's metrics stand beside the worker's own on both ports, follow writes and edits, and promtool takes all`()
    async throws
  {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Self.pipeline)
    let server = try await DevProcess.start(data: folder.file("data"), pipelines: [folder.file("notes")], ["--health-port", "0"])
    let line = try #require(await server.child.line("health "))
    let health = String(try #require(line.split(separator: " ").last).dropLast("/ready".count))
    #expect(try await Program.run("query", "notes", "all", "--server", server.page).status == 0)
    for (id, text) in [("a", "one"), ("b", "three"), ("c", "seven")] { try await put(id, text, server) }
    for address in [health, server.page] {
      let scrape = try await metrics(address, "the notes") { $0.contains("notes_now{pipeline=\"notes\"} 3\n") }
      #expect(scrape.contains("# HELP notes_now Notes that exist.\n# TYPE notes_now gauge\n"))
      #expect(scrape.contains("note_length{pipeline=\"notes\",id=\"b\"} 5\n") && !scrape.contains("id=\"c\""))
      #expect(scrape.contains("afterimage_pipeline_metric_series_left_out{pipeline=\"notes\",metric=\"note_length\"} 1\n"))
      #expect(scrape.contains("afterimage_pipeline_metric_age_seconds{pipeline=\"notes\",metric=\"notes_now\"} "))
      for name in Self.own { #expect(scrape.contains("\n\(name){pipeline=\"notes\""), "\(name): \(scrape)") }
      #expect(scrape.contains("afterimage_write_to_visible_seconds_bucket{pipeline=\"notes\",le=\"+Inf\"} "))
      #expect(scrape.contains("afterimage_query_seconds_count{pipeline=\"notes\",query=\"all\"} 1\n"))
      #expect(scrape.contains("afterimage_dead_letters{pipeline=\"notes\",projection=\"notes\"} 0\n"))
      #expect(scrape.contains("afterimage_effects{pipeline=\"notes\",effect=\"gone\",state=\"pending\"} 0\n"))
      for stage in ["lane", "decider", "effects"] {
        #expect(scrape.contains("afterimage_heartbeat_timestamp_seconds{pipeline=\"notes\",stage=\"\(stage)\""), "\(stage)")
      }
      #expect(try await findings(scrape, folder) == "")
    }
    // An edited metric is used without a rebuild, and one that is gone is no longer shown.
    try folder.write(
      "notes/pipeline.yaml",
      Self.pipeline.replacing("SELECT count(*) FROM notes }", with: "SELECT 10 * count(*) FROM notes }").replacing(
        "note_length", with: "note_size"))
    let edited = try await metrics(health, "the edited metric") { $0.contains("notes_now{pipeline=\"notes\"} 30\n") }
    #expect(edited.contains("note_size{") && !edited.contains("note_length"))
    #expect(edited.contains("generation=\"1\"") && !edited.contains("generation=\"2\""))
    #expect(await server.stop() == 0)
  }
}

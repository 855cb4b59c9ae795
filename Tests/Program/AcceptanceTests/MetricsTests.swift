import Foundation
import PostgresTestKit
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
    "afterimage_pipeline_stopped", "afterimage_projection_records_total",
    "afterimage_checkpoint_seconds_bucket", "afterimage_checkpoint_seconds_sum", "afterimage_checkpoint_seconds_count",
  ]

  /// The address of the health port that a process prints.
  private func health(_ server: DevProcess) async throws -> String {
    let line = try #require(await server.child.line("health "))
    return String(try #require(line.split(separator: " ").last).dropLast("/ready".count))
  }

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
    let health = try await health(server)
    for (id, text) in [("a", "one"), ("b", "three"), ("c", "seven")] { try await put(id, text, server) }
    _ = try await metrics(health, "the notes") { $0.contains("notes_now{pipeline=\"notes\"} 3\n") }
    #expect(try await Program.run("query", "notes", "all", "--server", server.page).status == 0)
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
      let committer = scrape.firstMatch(of: /afterimage_heartbeat_timestamp_seconds\{stage="committer"\} ([0-9.]+)/)
      #expect(Double(committer?.1 ?? "").map { abs(Date().timeIntervalSince1970 - $0) < 5 } == true, "\(scrape)")
      #expect(try await findings(scrape, folder) == "")
    }
    // An edited metric is used without a rebuild, and a removed one is not shown any more.
    try folder.write(
      "notes/pipeline.yaml",
      Self.pipeline.replacing("SELECT count(*) FROM notes }", with: "SELECT 10 * count(*) FROM notes }").replacing(
        "note_length", with: "note_size"))
    let edited = try await metrics(health, "the edited metric") { $0.contains("notes_now{pipeline=\"notes\"} 30\n") }
    #expect(edited.contains("note_size{") && !edited.contains("note_length"))
    #expect(edited.contains("generation=\"1\"") && !edited.contains("generation=\"2\""))
    #expect(await server.stop() == 0)
  }

  @Test func `a worker shows its work and a query process the pipelines' metrics, so that no series has two meanings`()
    async throws
  {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Self.pipeline)
    let arguments = ["--data", folder.file("data"), "-p", folder.file("notes"), "--health-port", "0"]
    let worker = try await DevProcess.serve(["--roles", "table,worker"] + arguments)
    let query = try await DevProcess.serve(["--roles", "query"] + arguments)
    try await put("a", "one", worker)
    let asked = try await metrics(query.page, "the notes") { $0.contains("notes_now{pipeline=\"notes\"} 1\n") }
    let works = try await metrics(try await health(worker), "the counts") { $0.contains("afterimage_effects{") }
    for name in ["afterimage_lag_records", "afterimage_effects", "afterimage_dead_letters", "afterimage_lane_sequence"] {
      #expect(works.contains("\n\(name){") && !asked.contains("\n\(name){"), "\(name)")
    }
    #expect(!works.contains("notes_now") && !works.contains("afterimage_pipeline_metric_"))
    for scrape in [works, asked] { #expect(try await findings(scrape, folder) == "") }
    #expect(await query.stop() == 0)
    #expect(await worker.stop() == 0)
  }

  @Test(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
  func `in PostgreSQL metrics have texts of their own, know the time, and one that fails is nothing to the others`() async throws
  {
    let cluster = try PostgresCluster()
    let folder = try TestFolder()
    try folder.write(
      "notes/pipeline.yaml",
      Notes.pipeline + "\n" + """
        metrics:
          a_first: { type: gauge, help: First., sql: SELECT count(*) FROM notes }
          broken_now: { type: gauge, help: Broken., sql: "SELECT 1 / (count(*) - count(*)) AS value FROM notes HAVING count(*) > 1" }
          year_now:
            type: gauge
            help: The year.
            sql:
              sqlite: SELECT CAST(strftime('%Y', :now) AS INTEGER) AS year
              postgres: "SELECT extract(year FROM :now)::integer AS year"
          note_length: { type: gauge, help: Length., labels: [id], sql: "SELECT id, avg(length(text)) AS value FROM notes GROUP BY id" }
          z_total: { type: counter, help: Last., sql: "SELECT sum(length(text)) AS n FROM notes" }

        """)
    let server = try await PostgresScene.start(folder, cluster.url(password: PostgresCluster.password))
    try await PostgresScene.put("a", server)
    let first = try await metrics(server.page, "one note") { $0.contains("a_first{pipeline=\"notes\"} 1\n") }
    #expect(first.contains("broken_now\"} 0\n") && !first.contains("\nbroken_now{"), "\(first)")
    try await PostgresScene.put("b", server)
    let second = try await metrics(server.page, "two notes") { $0.contains("a_first{pipeline=\"notes\"} 2\n") }
    #expect(second.contains("metric=\"broken_now\"} 1\n"), "\(second)")
    #expect(
      second.contains("year_now{pipeline=\"notes\"} 20") && second.contains("z_total{pipeline=\"notes\"} 10\n"), "\(second)")
    #expect(second.contains("note_length{pipeline=\"notes\",id=\"b\"} 5\n"), "\(second)")
    #expect(second.contains("afterimage_effects") == false && second.contains("afterimage_dead_letters{pipeline=\"notes\""))
    #expect(try await findings(second, folder) == "")
    #expect(server.child.errors.contains("division by zero"), "\(server.child.errors)")
    #expect(await server.stop() == 0)
  }
}

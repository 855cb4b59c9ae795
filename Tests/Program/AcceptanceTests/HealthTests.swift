import Foundation
import Testing

/// What a supervisor asks every process: whether it lives, whether it is ready, and its metrics.
@Suite(.serialized, .timeLimit(.minutes(2))) struct HealthTests {
  struct Answer {
    let status: Int
    let body: String
  }

  private func ask(_ url: String, _ more: String...) async throws -> Answer {
    let outcome = try await Program.run("/usr/bin/env", ["curl", "-s", "-w", "\n%{http_code}"] + more + [url])
    let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
    return Answer(status: Int(lines.last ?? "") ?? 0, body: lines.dropLast().joined(separator: "\n"))
  }

  /// The address that a process prints.
  private func health(_ server: DevProcess) async throws -> String {
    let line = try #require(await server.child.line("health "))
    return String(try #require(line.split(separator: " ").last).dropLast("/ready".count))
  }

  @Test func `a process with every role is live and ready, and names its roles`() async throws {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let server = try await DevProcess.start(
      data: folder.file("data"), pipelines: [folder.file("notes")], ["--health-port", "0"])
    let address = try await health(server)
    let live = try await ask(address + "/live")
    #expect(live.status == 200 && live.body == "live\n")
    var ready = try await ask(address + "/ready")
    while ready.status == 503 {
      try await Task.sleep(for: .milliseconds(50))
      ready = try await ask(address + "/ready")
    }
    #expect(ready.status == 200, "\(ready)")
    for role in ["table", "worker", "query"] {
      #expect(ready.body.contains(#""\#(role)":{"ready":true,"stopped":[]}"#), "\(ready)")
    }
    // Lanes are there a moment after the read model.
    for address in [address, server.page] {
      var metrics = try await ask(address + "/metrics")
      while !metrics.body.contains("# TYPE afterimage_lane_stopped gauge") {
        #expect(metrics.status == 200)
        try await Task.sleep(for: .milliseconds(20))
        metrics = try await ask(address + "/metrics")
      }
    }
    #expect(try await ask(address + "/v1/pipelines").status == 404)
    #expect(try await ask(address + "/live", "-X", "POST").status == 405)
    #expect(try await ask(address + "/ready", "-H", "Host: elsewhere.example").status == 403)
    #expect(await server.stop() == 0)
  }

  @Test func `processes with a role each have a listener each, on one machine too`() async throws {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let notes = folder.file("notes")
    // Nobody says a port: the first takes 8002 unless another process of this machine has it, the second a free one.
    let table = try await DevProcess.serve(["--roles", "table", "--data", folder.file("tables"), "-p", notes])
    let query = try await DevProcess.serve(["--roles", "query", "--data", folder.file("models"), "-p", notes])
    let (first, second) = (try await health(table), try await health(query))
    #expect(first != second)
    #expect(try await ask(first + "/ready").status == 200)
    // No worker has made a read model: there is nothing to ask this process for.
    let ready = try await ask(second + "/ready")
    #expect(ready.status == 503 && ready.body.contains("notes has no read model yet"), "\(ready)")
    #expect(try await ask(second + "/live").status == 200)
    #expect(await table.stop() == 0)
    #expect(await query.stop() == 0)
  }
}

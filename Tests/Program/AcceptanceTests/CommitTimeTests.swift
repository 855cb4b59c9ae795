import Foundation
import Testing

/// Commit times of a server that is killed again and again.
@Suite(.timeLimit(.minutes(1))) struct CommitTimeTests {
  @Test func `after kill -9 commit times are at most 250 ms ahead of the wall clock, however often`() async throws {
    let scene = try await Notes()
    var server = scene.server
    for round in 0..<4 {
      await server.kill()
      server = try await DevProcess.start(data: scene.folder.file("data"), pipelines: [scene.folder.file("notes")])
      let put = try await Program.run("table", "put", "Notes", "id=n\(round)", "Text=x", "--endpoint", server.tables)
      #expect(put.status == 0, "\(put)")
      let wall = Date().timeIntervalSince1970
      let log = try await Program.run("log", "Notes", "--limit", "1000", "--endpoint", server.tables)
      let line = try #require(log.output.split(separator: "\n").last { $0.contains("id=n\(round)") }, "\(log)")
      let time = try Date(
        String(line.prefix { $0 != " " }), strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)
      ).timeIntervalSince1970
      #expect(time <= wall + 0.25 && time >= wall - 20, "\(line) at \(wall)")
    }
    #expect(await server.stop() == 0)
  }
}

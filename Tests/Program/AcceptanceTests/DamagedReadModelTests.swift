import Foundation
import Testing

/// Read models that others have changed, or a disk has: what the commands say, what goes on, and the way out.
@Suite(.timeLimit(.minutes(2))) struct DamagedReadModelTests {
  private let folder: TestFolder
  private var data: String { folder.file("data") }

  init() throws { folder = try TestFolder() }

  private func start() async throws -> DevProcess {
    try await DevProcess.start(
      data: data, pipelines: [Program.pipeline("chat-rooms"), Program.pipeline("game-scores")], folder: folder.path)
  }

  private func put(_ server: DevProcess, _ room: String) async throws -> String {
    let outcome = try await Program.run(
      "table", "put", "Chat", "PK=User:ana", "SK=2026-01-01T10:00:00Z#\(room)", "RoomID=\(room)",
      "CreatedAt=2026-01-01T10:00:00Z", "Comment=hello", "--endpoint", server.tables)
    #expect(outcome.status == 0, "\(outcome)")
    return outcome.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
  }

  private func latest(_ server: DevProcess, _ room: String, _ position: String) async throws -> Program.Outcome {
    try await Program.run(
      "query", "chat-rooms", "room_latest", "-P", "room=\(room)", "--at-least", position, "--server", server.page)
  }

  private func digest(_ pipeline: String, _ more: String...) async throws -> Program.Outcome {
    try await Program.run(Program.path, ["pipeline", "digest", pipeline, "--data", data] + more)
  }

  @Test func `a row that another program has changed is named by the digest and the doctor`() async throws {
    let server = try await start()
    for room in ["Music", "News"] { #expect(try await latest(server, room, try await put(server, room)).status == 0) }
    let live = try await digest("chat-rooms", "-o", "json")
    #expect(live.status == 0 && live.output.contains(#""unequal_rows":0"#) && live.output.contains(#""findings":[]"#), "\(live)")
    #expect(await server.stop() == 0)
    let stopped = try await digest("chat-rooms", "-o", "json")
    #expect(stopped.output == live.output, "\(stopped)")
    let fine = try await digest("chat-rooms")
    #expect(fine.status == 0 && fine.output.contains("all of chat-rooms"), "\(fine)")
    let change = try await Program.run(
      "/usr/bin/sqlite3", [data + "/read-models/chat-rooms/current.db", "UPDATE room_stats SET comments = 7 WHERE room = 'News'"])
    #expect(change.status == 0, "\(change)")
    let changed = try await digest("chat-rooms")
    #expect(
      changed.status == 3 && changed.output.contains("wrong: room_stats: the row room=News does not match its hash"), "\(changed)"
    )
    #expect(changed.output.contains("afterimage pipeline rebuild chat-rooms"), "\(changed)")
    #expect(try await digest("game-scores").status == 0)
    let doctor = try await Program.run("doctor", "--data", data)
    #expect(doctor.status == 3 && doctor.output.contains("room_stats: the row room=News does not match its hash"), "\(doctor)")
    #expect(doctor.output.contains("→ build it again from the log: afterimage pipeline rebuild chat-rooms"), "\(doctor)")
    let missing = try await digest("chat-room")
    #expect(
      missing.status == 1 && missing.errors.contains("no read model of chat-room; there are: chat-rooms, game-scores"),
      "\(missing)")
  }

  @Test func `a damaged read model stands still alone, and is built again from the log`() async throws {
    let first = try await start()
    let position = try await put(first, "Music")
    #expect(try await latest(first, "Music", position).status == 0)
    #expect(await first.stop() == 0)
    let file = data + "/read-models/chat-rooms/generation-0001/read-model.db"
    var bytes = try Data(contentsOf: URL(filePath: file))
    // A bit of every page but the first.
    for page in 1..<(bytes.count / 4_096) { bytes[page * 4_096 + 2_000] ^= 4 }
    try bytes.write(to: URL(filePath: file))
    let found = try await digest("chat-rooms")
    #expect(found.status == 3 && found.output.contains("does not match its checksum"), "\(found)")

    let second = try await start()
    let next = try await put(second, "News")
    #expect(try await latest(second, "News", next).status != 0)
    let players = try await Program.run(
      "table", "put", "Scores", "--json", #"{"x":{"S":"y"}}"#, "--endpoint", second.tables)
    #expect(players.status != 2, "\(players)")
    #expect(try await Program.run("doctor", "--data", data, "--server", second.page, "--endpoint", second.tables).status == 3)
    #expect(await second.stop() == 0)
    #expect(try await digest("game-scores").status == 0)

    let rebuild = try await Program.run("pipeline", "rebuild", "chat-rooms", "--data", data)
    #expect(rebuild.status == 0, "\(rebuild)")
    let third = try await start()
    let end = ContinuousClock.now + .seconds(20)
    while try await !latest(third, "News", next).output.contains("hello") {
      try #require(ContinuousClock.now < end, "the new generation is current")
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try await latest(third, "Music", next).output.contains("hello"))
    #expect(try await digest("chat-rooms").status == 0)
    #expect(await third.stop() == 0)
  }
}

import Foundation
import Testing

/// The commands of a running system, as people and scripts use them.
@Suite(.timeLimit(.minutes(1))) struct CommandTests {
  /// A running `dev` with a chat, and the options that lead to it.
  struct Scene {
    let folder: TestFolder
    let server: DevProcess

    init(_ pipelines: [String] = [Program.pipeline("chat-rooms")], _ more: [String] = []) async throws {
      folder = try TestFolder()
      server = try await DevProcess.start(data: folder.file("data"), pipelines: pipelines, more, folder: folder.path)
    }

    /// Runs a command of the table server in the scene's folder.
    func table(_ words: String...) async throws -> Program.Outcome {
      try await Program.run(Program.path, words + ["--endpoint", server.tables], in: folder.path)
    }

    /// Runs a command of the read side.
    func page(_ words: String...) async throws -> Program.Outcome {
      try await Program.run(Program.path, words + ["--server", server.page], in: folder.path)
    }

    func put(_ words: String...) async throws -> String {
      let outcome = try await Program.run(
        Program.path, ["table", "put", "Chat"] + words + ["--endpoint", server.tables], in: folder.path)
      #expect(outcome.status == 0, "\(outcome)")
      return outcome.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
    }
  }

  @Test func `tables are made, written, read, shown and deleted`() async throws {
    let scene = try await Scene()
    let made = try await scene.table(
      "table", "create", "scores", "--key", "player:S,at:N", "--ttl", "gone_at", "--private", "secret", "--partitions", "2",
      "--stream")
    #expect(made.status == 0 && made.output == "made table scores\n", "\(made)")
    let described = try await scene.table("table", "describe", "scores").output
    #expect(described.contains("key          player:S, at:N"), "\(described)")
    #expect(described.contains("ttl          gone_at"))
    #expect(described.contains("private      secret"))
    #expect(described.contains("2 partitions, live clock"))
    let put = try await scene.table(
      "table", "put", "scores", "player=ana", "at=5", "points:N=12.50", "text=two\nlines", "secret=hush")
    #expect(put.output.hasPrefix("position "), "\(put)")
    #expect(
      try await scene.table("table", "put", "scores", "player=ana", "at=5", "points:N=12.5", "text=two\nlines", "secret=hush")
        .output
        == "the item was already like that\n")
    let got = try await scene.table("table", "get", "scores", "player=ana", "at=5")
    #expect(got.output == "at      5\nplayer  ana\npoints  12.5\nsecret  hush\ntext    two\\nlines\n", "\(got)")
    #expect(try await scene.table("table", "get", "scores", "player=ana", "at=6").status == 1)
    let scanned = try await scene.table("table", "scan", "scores", "-o", "json").output
    #expect(
      scanned == #"{"at":{"N":"5"},"player":{"S":"ana"},"points":{"N":"12.5"},"secret":{"S":"hush"},"text":{"S":"two\nlines"}}"#
        + "\n")
    #expect(try await scene.table("table", "scan", "scores").output.contains("player  at  points  secret  text"))
    let log = try await scene.table("log", "scores", "-o", "json").output
    #expect(log.contains(#""eventName":"INSERT""#) && !log.contains("hush"), "\(log)")
    #expect(try await scene.table("table", "list").output.contains("scores      1           2  live"))
    #expect(try await scene.table("table", "delete", "scores").output == "deleted table scores\n")
    let gone = try await scene.table("table", "get", "scores", "player=ana", "at=5")
    #expect(gone.status == 1 && gone.errors == "afterimage: there is no table scores; there are: Chat\n", "\(gone)")
    #expect(await scene.server.stop() == 0)
  }

  @Test func `the tables of a pipeline are made with their indexes`() async throws {
    let scene = try await Scene()
    let made = try await scene.table("table", "create", "--pipeline", Program.pipeline("session-store"), "-o", "json")
    #expect(made.output == "{\"created\":\"session_store\"}\n", "\(made)")
    let described = try await scene.table("table", "describe", "session_store").output
    #expect(
      described.contains("index        GSI1_inverse: SK:S, PK:S") && described.contains("ttl          expires_at"), "\(described)"
    )
    #expect(described.contains("private      access_token"))
  }

  @Test func `what was written is seen by queries, boards, sessions and the log`() async throws {
    let scene = try await Scene()
    _ = try await scene.put("PK=Room:Music", "SK=meta", "CreatedBy=ana")
    _ = try await scene.put(
      "PK=User:ana", "SK=2026-01-01T10:00:00Z", "RoomID=Music", "CreatedAt=2026-01-01T10:00:00Z", "Comment=hello")
    let position = try await scene.put(
      "PK=User:ana", "SK=2026-01-01T10:00:00Z", "RoomID=Music", "CreatedAt=2026-01-01T10:00:00Z", "Comment=hello all")
    let latest = try await scene.page("query", "chat-rooms", "room_latest", "--param", "room=Music", "--at-least", position)
    #expect(latest.output.contains("hello all") && latest.output.contains("1 row, true at "), "\(latest)")
    let raw = try await scene.page("query", "chat-rooms", "room_latest", "-P", "room=Music", "-o", "json").output
    #expect(raw.hasPrefix(#"{"columns":["sent","person","text""#), "\(raw)")
    #expect(try await scene.page("query", "chat-rooms").output.contains("room_latest"))
    let top = try await scene.page("leaderboard", "chat-rooms", "talkers_ever", "--limit", "1").output
    #expect(top.contains("   1  ana") && top.contains("1 member, true at"), "\(top)")
    #expect(try await scene.page("leaderboard", "chat-rooms", "talkers_ever", "count").output.hasPrefix("1 member"))
    #expect(
      try await scene.page("leaderboard", "chat-rooms", "talkers_ever", "rank", "--member", "nobody").output.hasPrefix("nobody\n")
    )
    #expect(
      try await scene.page("leaderboard", "chat-rooms", "talkers_ever", "around", "--member", "ana", "-o", "json").output
        .contains(#""rank":1"#))
    #expect(try await scene.page("session", "chat-rooms", "presence", "--key", "ana").output.contains("active"))
    let log = try await scene.table("log", "Chat", "--limit", "2").output.split(separator: "\n")
    #expect(log.count == 2)
    #expect(
      log.last?.hasSuffix("MODIFY    PK=User:ana SK=2026-01-01T10:00:00Z  Comment: \"hello\" -> \"hello all\"") == true, "\(log)")
    #expect(try await scene.table("log", "Chat", "--after", "2").output.split(separator: "\n").count == 1)
  }

  @Test func `a dead letter is listed and shown with its record`() async throws {
    let scene = try await Scene()
    let position = try await scene.put(
      "PK=User:ana", "SK=2026-01-01T10:00:00Z", "RoomID=Music", "CreatedAt=yesterday", "Comment=hello")
    _ = try await scene.page("query", "chat-rooms", "room_list", "--at-least", position)
    let list = try await scene.page("dead-letter", "list", "chat-rooms").output
    #expect(list.contains("room_timeline") && list.contains("Chat:0:1") && list.contains("CreatedAt"), "\(list)")
    let shown = try await Program.run(
      "dead-letter", "show", "chat-rooms", "Chat:0:1", "--server", scene.server.page, "--endpoint", scene.server.tables)
    #expect(shown.output.contains("CreatedAt: ") && shown.output.contains("INSERT    PK=User:ana"), "\(shown)")
    let missing = try await Program.run(
      "dead-letter", "show", "chat-rooms", "Chat:0:9", "--server", scene.server.page, "--endpoint", scene.server.tables)
    #expect(missing.status == 1 && missing.errors.contains("no dead letter of Chat:0:9"), "\(missing)")
  }

  @Test func `the log is followed until Ctrl-C`() async throws {
    let scene = try await Scene()
    let follower = try ChildProcess(Program.path, ["log", "Chat", "--follow", "--endpoint", scene.server.tables])
    _ = try await scene.put("PK=User:ana", "SK=Join:Music")
    let first = try #require(await follower.line(0), "\(follower.errors)")
    #expect(first.hasSuffix("0:1  INSERT    PK=User:ana SK=Join:Music"))
    _ = try await scene.put("PK=User:ben", "SK=Join:Music")
    #expect(await follower.line(1)?.contains("0:2  INSERT") == true)
    let began = ContinuousClock.now
    follower.signal(SIGINT)
    #expect(await follower.ended() == 0)
    #expect(ContinuousClock.now - began < .seconds(2))
  }

  @Test func `a history ends on demand`() async throws {
    let scene = try await Scene([Program.pipeline("chat-rooms")], ["--history", "Chat"])
    let early = try await scene.table("table", "put", "Chat", "PK=User:ana", "SK=Join:Music")
    #expect(early.status == 1 && early.errors.contains("x-afterimage-time"), "\(early)")
    #expect(
      try await scene.table("table", "put", "Chat", "PK=User:ana", "SK=Join:Music", "--time", "2020-01-01T00:00:00Z").status == 0)
    #expect(try await scene.table("log", "Chat").output.hasPrefix("2020-01-01T00:00:00.000Z  0:1  INSERT"))
    #expect(try await scene.table("table", "clock", "Chat", "live").output == "table Chat has a live clock now\n")
    #expect(try await scene.table("table", "put", "Chat", "PK=User:ben", "SK=Join:Music").status == 0)
    #expect(try await scene.table("table", "clock", "--accept-jump").output == "the clock has not jumped\n")
  }

  @Test func `the doctor sees a healthy system and one that is not running`() async throws {
    let scene = try await Scene()
    let healthy = try await Program.run(
      "doctor", "--data", scene.folder.file("data"), "--endpoint", scene.server.tables, "--server", scene.server.page)
    #expect(healthy.status == 0, "\(healthy)")
    #expect(healthy.output.contains("is in use by pid ") && healthy.output.contains("pipeline chat-rooms"), "\(healthy)")
    #expect(await scene.server.stop() == 0)
    for word in ["rocksdb 7.", "librdkafka ", "sqlite 3."] { #expect(healthy.output.contains(word), "\(healthy)") }
    #expect(healthy.output.contains(/tables [0-9]+, read models [0-9]+/), "\(healthy)")
    let stopped = try await Program.run(
      "doctor", "--data", scene.folder.file("data"), "--endpoint", scene.server.tables, "--server", scene.server.page, "-o",
      "json")
    #expect(stopped.status == 0)
    #expect(stopped.output.contains("no process uses it") && stopped.output.contains("no table server answers"), "\(stopped)")
    try Data("no database".utf8).write(to: URL(filePath: scene.folder.file("data/read-models/chat-rooms/catalog.db")))
    let broken = try await Program.run(
      "doctor", "--data", scene.folder.file("data"), "--endpoint", scene.server.tables, "--server", scene.server.page)
    #expect(broken.status == 3 && broken.output.contains("wrong  read model chat-rooms"), "\(broken)")
  }
}

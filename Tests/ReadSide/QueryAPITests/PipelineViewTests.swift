import ChangeRecords
import Foundation
import DynamoModel
import LiteralTestKit
import MemoryReadModels
import Pipelines
import ProjectionTestKit
import ReadModels
import RecordLiteralTestKit
import Synchronization
import Testing

@testable import QueryAPI

/// Answers about a pipeline, each of one moment and with what it is true for.
@Suite struct PipelineViewTests {
  private func scene() throws -> Scene {
    let scene = try Scene()
    for (name, points) in [("a", 5), ("b", 9), ("c", 5), ("d", 1)] { try scene.play(name, points: Int64(points)) }
    try scene.write { $0.put(["PK": .string("U:b"), "SK": .string("profile"), "Nick": .string("Bee")]) }
    return scene
  }

  private func members(_ bytes: [UInt8]) throws -> String { try member("members", of: bytes) }

  private func failure(_ body: () async throws -> [UInt8]) async -> QueryError? {
    do {
      _ = try await body()
      return nil
    } catch {
      return error as? QueryError
    }
  }

  @Test func `a board shows its best, with what a collection says of them`() async throws {
    let view = try scene().view
    let top = try await view.leaderboard("best", board: ["r"], .top(offset: 0, limit: 2), atLeast: [])
    #expect(try member("board", of: top) == #"["r"]"# && member("leaderboard", of: top) == #""best""#)
    // Who is below the floor does not count.
    #expect(try member("count", of: top) == "3")
    #expect(
      try members(top)
        == #"[{"member":"b","rank":1,"reached_at":"2026-01-01T00:00:00.002000Z","score":9,"show":{"nick":"Bee"}},{"member":"a","rank":2,"reached_at":"2026-01-01T00:00:00.001000Z","score":5,"show":{"nick":null}}]"#
    )
    let page = try await view.leaderboard("best", board: nil, .top(offset: 2, limit: 10), atLeast: [])
    #expect(try members(page).contains(#""member":"c","rank":3"#) && !members(page).contains(#""d""#))
    #expect(try await members(view.leaderboard("best", board: ["r"], .top(offset: 3, limit: 10), atLeast: [])) == "[]")
  }

  @Test func `a member's rank, and those around it`() async throws {
    let view = try scene().view
    let rank = try await view.leaderboard("every_play", board: nil, .rank(member: "c"), atLeast: [])
    #expect(try members(rank).contains(#""member":"c","rank":1"#) && member("board", of: rank) == "[]")
    let around = try await view.leaderboard("best", board: ["r"], .around(member: "a", radius: 1), atLeast: [])
    #expect(try members(around).components(separatedBy: "\"member\"").count == 4)
    let first = try await view.leaderboard("best", board: ["r"], .around(member: "b", radius: 0), atLeast: [])
    #expect(try members(first).components(separatedBy: "\"member\"").count == 2)
    for question in [
      BoardQuestion.rank(member: "d"), .rank(member: "nobody"), .around(member: "d", radius: 9), .count,
    ] {
      let none = try await view.leaderboard("best", board: ["r"], question, atLeast: [])
      #expect(try members(none) == "[]" && member("count", of: none) == "3", "\(question)")
    }
    let nowhere = try await view.leaderboard("best", board: ["x"], .top(offset: 0, limit: 9), atLeast: [])
    #expect(try members(nowhere) == "[]" && member("count", of: nowhere) == "0" && member("closed_at", of: nowhere) == "missing")
  }

  @Test func `the ranks of many members are those of each, in their order`() async throws {
    let view = try scene().view
    for (name, board) in [("best", ["r"]), ("every_play", nil), ("hours", ["2026-01-01T00"])] as [(String, [String]?)] {
      let asked = ["c", "nobody", "a", "d", "b", "a"]
      let all = try await view.leaderboard(name, board: board, .ranks(members: asked), atLeast: [])
      var each: [String] = []
      for one in asked {
        let answer = try await view.leaderboard(name, board: board, .rank(member: one), atLeast: [])
        let found = try members(answer).dropFirst().dropLast()
        // What is shown of a member is not among the ranks.
        each.append(found.isEmpty ? "null" : String(found).replacing(#/,"show":\{[^}]*\}/#, with: ""))
      }
      #expect(try member("ranks", of: all) == "[\(each.joined(separator: ","))]", "\(name)")
      let count = try await view.leaderboard(name, board: board, .count, atLeast: [])
      for part in ["leaderboard", "board", "closed_at", "count", "position", "time", "generation"] {
        #expect(try member(part, of: all) == member(part, of: count), "\(name) \(part)")
      }
    }
    let nowhere = try await view.leaderboard("best", board: ["x"], .ranks(members: ["a"]), atLeast: [])
    #expect(try member("ranks", of: nowhere) == "[null]" && member("count", of: nowhere) == "0")
    #expect(await failure { try await view.leaderboard("x", board: nil, .ranks(members: []), atLeast: []) }?.status == 404)
  }

  @Test func `members stand among one another as on the whole board`() async throws {
    let view = try scene().view
    let asked = ["c", "nobody", "d", "b", "c"]
    let among = try await view.leaderboard("best", board: ["r"], .among(members: asked), atLeast: [])
    // Who is below the floor is not ranked.
    #expect(
      try members(among)
        == #"[{"among":1,"member":"b","rank":1,"reached_at":"2026-01-01T00:00:00.002000Z","score":9,"show":{"nick":"Bee"}},{"among":2,"member":"c","rank":3,"reached_at":"2026-01-01T00:00:00.003000Z","score":5,"show":{"nick":null}}]"#
    )
    #expect(try member("count", of: among) == "3")
    let none = try await view.leaderboard("best", board: ["x"], .among(members: asked), atLeast: [])
    #expect(try members(none) == "[]" && member("count", of: none) == "0")
  }

  /// Boards of two scores and with columns, which every answer with members has.
  @Test func `further scores and columns stand in every answer that lists members`() async throws {
    let scene = try Scene(
      Scene.yaml.replacing(
        "  every_play: {",
        with:
          "  listed: { leaderboard: name, of: play, score: [count, min(points) asc], columns: { total: sum(points), mean: avg(points) } }\n  every_play: {"
      ))
    for (name, number, points) in [("a", 1, 5), ("b", 1, 4), ("b", 2, 9), ("c", 1, 5), ("d", 1, 3)] {
      try scene.play(name, number, points: Int64(points))
    }
    let view = scene.view
    let b =
      #"{"columns":{"mean":"6.5","total":13},"member":"b","rank":1,"reached_at":"2026-01-01T00:00:00.003000Z","score":2,"score_2":4}"#
    let d =
      #"{"columns":{"mean":"3","total":3},"member":"d","rank":2,"reached_at":"2026-01-01T00:00:00.005000Z","score":1,"score_2":3}"#
    func asked(_ question: BoardQuestion, _ name: String = "members") async throws -> String {
      try await member(name, of: view.leaderboard("listed", board: nil, question, atLeast: []))
    }
    #expect(try await asked(.top(offset: 0, limit: 2)) == "[\(b),\(d)]")
    #expect(try await asked(.range(from: 2, to: 2, limit: 9)) == "[\(d)]")
    #expect(try await asked(.rank(member: "d")) == "[\(d)]")
    #expect(try await asked(.around(member: "b", radius: 1)) == "[\(b),\(d)]")
    #expect(try await asked(.ranks(members: ["d", "nobody", "b"]), "ranks") == "[\(d),null,\(b)]")
    #expect(try await asked(.among(members: ["d", "nobody"])) == "[{\"among\":1,\(d.dropFirst())]")
  }

  @Test func `a range of ranks has the members whose ranks lie in it`() async throws {
    let view = try scene().view
    func range(_ name: String, _ board: [String]?, _ from: Int, _ to: Int?, limit: Int = 10) async throws -> [String] {
      let answer = try await view.leaderboard(name, board: board, .range(from: from, to: to, limit: limit), atLeast: [])
      return try members(answer).matches(of: #/"member":"(\w+)"/#).map { String($0.1) }
    }
    #expect(try await range("best", ["r"], 1, nil) == ["b", "a", "c"])
    #expect(try await range("best", ["r"], 2, 2) == ["a"])
    #expect(try await range("best", ["r"], 2, 9, limit: 1) == ["a"])
    #expect(try await range("best", ["r"], 4, nil) == [])
    #expect(try await range("best", ["x"], 1, nil) == [])
  }

  @Test func `a board with a calendar period says that it is open`() async throws {
    let open = try await scene().view.leaderboard("hours", board: ["2026-01-01T00"], .count, atLeast: [])
    #expect(try member("closed_at", of: open) == "null" && member("count", of: open) == "4")
  }

  @Test func `sessions are those of a key, or the active ones`() async throws {
    let scene = try scene()
    let view = scene.view
    let active = try await view.sessions("sittings", key: [], limit: 10, atLeast: [])
    #expect(try member("rows", of: active).components(separatedBy: "active").count == 5)
    for key in [["a", "r"], ["a,r"]] {
      let one = try await view.sessions("sittings", key: key, limit: 10, atLeast: [])
      #expect(try member("rows", of: one).hasPrefix(#"[["a","r","#), "\(key)")
    }
    #expect(try await member("rows", of: view.sessions("sittings", key: ["a", "x"], limit: 10, atLeast: [])) == "[]")
    try scene.write { $0.time += 120_000 }
    #expect(try await member("rows", of: view.sessions("sittings", key: [], limit: 10, atLeast: [])) == "[]")
    let error = await failure { try await view.sessions("sittings", key: ["a"], limit: 10, atLeast: []) }
    #expect(error?.status == 400 && error?.message.contains("2 parts (name, room)") == true, "\(String(describing: error))")
  }

  @Test func `a part of a key may hold commas where it cannot be read in another way`() {
    #expect(PipelineView.parts(["a,b"], 1) == ["a,b"])
    #expect(PipelineView.parts(["a,b"], 2) == ["a", "b"])
    #expect(PipelineView.parts(["a,"], 2) == ["a", ""])
    #expect(PipelineView.parts(["a,b,c"], 2) == ["a,b,c"])
    #expect(PipelineView.parts(["a,b", "c"], 2) == ["a,b", "c"])
  }

  @Test func `what is not there is named, with what there is`() async throws {
    let view = try scene().view
    let cases: [(QueryError?, Int, String)] = [
      (await failure { try await view.leaderboard("x", board: nil, .count, atLeast: []) }, 404, "best, every_play, hours"),
      (await failure { try await view.leaderboard("people", board: nil, .count, atLeast: []) }, 404, "no leaderboard `people`"),
      (await failure { try await view.leaderboard("best", board: ["a", "b"], .count, atLeast: []) }, 400, "is named by room"),
      (await failure { try await view.sessions("x", key: [], limit: 1, atLeast: []) }, 404, "sittings"),
      (await failure { try await view.query("x", parameters: [], atLeast: []) }, 404, "everybody"),
      (await failure { try await view.query("everybody", parameters: [("most", "1")], atLeast: []) }, 400, "no parameter `most`"),
      (await failure { try await view.query("everybody", parameters: [("least", "10")], atLeast: []) }, 400, "greater than 9"),
      (await failure { try await view.query("everybody", parameters: [("least", "x")], atLeast: []) }, 400, "`least`"),
      // A store in memory knows no SQL, and says so.
      (await failure { try await view.query("everybody", parameters: [], atLeast: []) }, 500, "knows no SQL"),
    ]
    for (error, status, text) in cases {
      #expect(
        error?.status == status && error?.message.contains(text) == true, "\(String(describing: error)), not \(status) \(text)")
    }
  }

  @Test func `an answer says what it is true for`() async throws {
    let scene = try scene()
    let answer = try await scene.view.deadLetters(limit: 10)
    #expect(try member("position", of: answer) == #"{"Tab":["\#(TestHistory.tableID(0)):0:5"]}"#)
    #expect(try member("time", of: answer) == #""2026-01-01T00:00:00.004000Z""# && member("generation", of: answer) == "1")
    #expect(try member("rows", of: answer) == "[]" && member("records", of: answer) == "{}")
    try scene.write { $0.put(["PK": .string("U:e"), "SK": .string("1"), "Points": .string("many")]) }
    let letters = try await scene.view.deadLetters(limit: 10)
    #expect(try member("records", of: letters).contains(#""best":1"#))
    #expect(try member("rows", of: letters).contains(#"["best","record","Tab",0,6,"#))
  }

  @Test func `there is no time until a log knows one`() async throws {
    let scene = try Scene()
    try scene.write { $0.time = 0 }
    #expect(try await member("time", of: scene.view.deadLetters(limit: 1)) == "null")
    try scene.write { $0.time = 1 }
    #expect(try await member("time", of: scene.view.deadLetters(limit: 1)) == #""1970-01-01T00:00:00.001000Z""#)
  }

  @Test(.timeLimit(.minutes(2))) func `a reader that asks for a position waits until it is there`() async throws {
    let scene = try scene()
    let view = scene.view
    func position(_ sequence: SequenceNumber, table: TableIndex = 0, partition: Int = 0) -> Position {
      Position(tableID: TestHistory.tableID(table), partition: partition, sequence: sequence)
    }
    _ = try await view.leaderboard("every_play", board: nil, .count, atLeast: [position(5), position(1)])
    async let later = view.leaderboard("every_play", board: nil, .rank(member: "late"), atLeast: [position(6)])
    try scene.play("late", points: 3)
    #expect(try await members(later).contains("late"))
    // A position of another life of the table, or of a partition that is not there, is never held.
    async let never = failure { try await view.deadLetters(limit: 1, atLeast: [position(1, table: 7)]) }
    async let nowhere = failure { try await view.deadLetters(limit: 1, atLeast: [position(1, partition: 3)]) }
    for error in await [never, nowhere] {
      #expect(error?.status == 503 && error?.code == .notYet, "\(String(describing: error))")
    }
  }

  @Test func `readers see the current generation, whole, and none before there is one`() async throws {
    let scene = try scene()
    let view = scene.view
    #expect(try await member("count", of: view.leaderboard("every_play", board: nil, .count, atLeast: [])) == "4")
    scene.current.withLock { $0 = Generation(number: 2, fingerprint: "", state: .current, store: "two") }
    let missing = await failure { try await view.leaderboard("every_play", board: nil, .count, atLeast: []) }
    #expect(missing?.status == 503, "\(String(describing: missing))")
    try scene.play("only", points: 1)
    let answer = try await view.leaderboard("every_play", board: nil, .count, atLeast: [])
    #expect(try member("count", of: answer) == "5" && member("generation", of: answer) == "2")
    scene.current.withLock { $0 = nil }
    #expect(await failure { try await view.dashboard() }?.code == .notReady)
    await view.close()
  }

  @Test func `the definition of a generation is loaded once for all who ask meanwhile`() async throws {
    let scene = try scene()
    let loads = Atomic(0)
    let view = PipelineView(
      name: "scene", changed: scene.changed, current: { scene.current.withLock { $0 } }, known: { nil }, definition: { nil },
      load: { _ in
        loads.add(1, ordering: .relaxed)
        // As long as a database may take.
        usleep(100_000)
        return scene.pipeline
      }, opening: { try scene.models.reader($0, $1) })
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<20 { group.addTask { _ = try? await view.source() } }
    }
    #expect(loads.load(ordering: .relaxed) == 1)
  }

  @Test func `a tile that fails says so, and the others are shown`() async throws {
    let tiles = try await member("tiles", of: scene().view.dashboard())
    #expect(
      tiles.contains(#""member":"b","rank":1"#) && tiles.contains(#""member":"a","rank":2"#) && !tiles.contains(#""member":"c""#))
    #expect(tiles.contains(#""error":"a store in memory knows no SQL","kind":"number","title":"Plays""#), "\(tiles)")
  }
}

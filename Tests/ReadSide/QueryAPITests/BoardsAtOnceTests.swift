import ChangeRecords
import DynamoModel
import Foundation
#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif
import HTTPServer
import LiteralTestKit
import ProjectionTestKit
import RandomTestKit
import ReadModels
import RecordLiteralTestKit
import Services
import Synchronization
import Testing

@testable import QueryAPI

/// Answers about boards that are given at once, from boards in memory over SQLite files: they are the bytes that a reader gives who opens the
/// read model for them.
@Suite struct BoardsAtOnceTests {
  /// Bytes, or the error's text.
  private func text(_ body: () throws -> [UInt8]?) -> String? {
    do {
      return try body().map { String(decoding: $0, as: UTF8.self) }
    } catch {
      return "\(error)"
    }
  }

  private func slow(_ view: PipelineView, _ request: BoardRequest) async -> String {
    do {
      return String(decoding: try await view.board(request), as: UTF8.self)
    } catch {
      return "\(error)"
    }
  }

  private func request(_ random: inout SeededGenerator) -> BoardRequest {
    let name = ["best", "best", "every_play", "every_play", "hours", "people", "nothing"].randomElement(using: &random) ?? ""
    let board: [String]? =
      switch Int.random(in: 0..<6, using: &random) {
      case 0: ["r"]
      case 1: ["s"]
      case 2: ["2026-01-01T00"]
      case 3: ["x", "y"]
      default: nil
      }
    func member() -> String { "m\(Int.random(in: 0..<60, using: &random))" }
    let question: BoardQuestion =
      switch Int.random(in: 0..<8, using: &random) {
      case 6: .range(from: Int.random(in: 1..<30, using: &random), to: 30, limit: Int.random(in: 1...120, using: &random))
      case 7: .among(members: (0..<Int.random(in: 0...120, using: &random)).map { _ in member() })
      case 0: .top(offset: Int.random(in: 0..<20, using: &random), limit: Int.random(in: 1...120, using: &random))
      case 1: .around(member: member(), radius: Int.random(in: 0...60, using: &random))
      case 2: .count
      case 3: .ranks(members: (0..<Int.random(in: 0...120, using: &random)).map { _ in member() })
      default: .rank(member: member())
      }
    return BoardRequest(name, question, board: board)
  }

  @Test(arguments: [1, 2, 3]) func `what is answered at once is what a new reader answers`(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let scene = try FileScene()
    let view = scene.view()
    var atOnce = 0
    for round in 0..<60 {
      // Now and then more than is followed at once, and once another generation.
      let writes = [0, 1, 1, 3, 20, BoardReader.entriesAtOnceMax + 50].randomElement(using: &random) ?? 0
      try scene.write { history in
        for _ in 0..<writes {
          let name = "m\(Int.random(in: 0..<60, using: &random))"
          switch Int.random(in: 0..<10, using: &random) {
          case 0: history.delete(["PK": .string("U:\(name)"), "SK": .string("1")])
          case 1: history.put(["PK": .string("U:\(name)"), "SK": .string("profile"), "Nick": .string("n\(round)")])
          default:
            FileScene.play(
              name, Int.random(in: 1...3, using: &random), room: Bool.random(using: &random) ? "r" : "s",
              points: Int64.random(in: 0...9, using: &random), &history)
          }
        }
      }
      if round == 30 { try scene.rebuild() }
      let fresh = scene.view()
      for _ in 0..<12 {
        let request = request(&random)
        let expected = await slow(fresh, request)
        if let quick = text({ try view.boardAtOnce(request) }) {
          atOnce += 1
          #expect(quick == expected, "seed \(seed): \(request)")
        } else {
          #expect(await slow(view, request) == expected, "seed \(seed): \(request)")
        }
      }
    }
    #expect(atOnce > 350, "\(atOnce) of 720 were answered at once")
  }

  @Test func `boards that are not loaded, long answers and positions that are not reached are not for now`() async throws {
    let scene = try FileScene()
    let view = scene.view()
    for number in 0..<200 { try scene.play("m\(number)", 1) }
    #expect(try view.boardAtOnce(.init("every_play", .count)) == nil)
    _ = try await view.board(.init("every_play", .count))
    #expect(try view.boardAtOnce(.init("every_play", .count)) != nil)
    let most = BoardReader.membersAtOnceMax
    #expect(try view.boardAtOnce(.init("every_play", .top(offset: 0, limit: most))) != nil)
    #expect(try view.boardAtOnce(.init("every_play", .top(offset: 0, limit: most + 1))) == nil)
    func at(_ sequence: UInt64) throws -> [UInt8]? {
      let position = Position(
        tableID: TestHistory.tableID(0), partition: 0, sequence: SequenceNumber(rawValue: sequence))
      return try view.boardAtOnce(
        BoardRequest(leaderboard: "every_play", board: nil, question: .count, positions: [position]))
    }
    let (reached, later) = (try at(200), try at(201))
    #expect(reached != nil && later == nil)
    // What is refused now is answered rightly afterwards: a long journal must not leave the boards as they were.
    try scene.write { history in
      for number in 0..<(BoardReader.entriesAtOnceMax + 1) {
        FileScene.play("n\(number)", 1, room: "r", points: 1, &history)
      }
    }
    for _ in 0..<3 { #expect(try view.boardAtOnce(.init("every_play", .count)) == nil) }
    let all = 200 + BoardReader.entriesAtOnceMax + 1
    #expect(try await member("count", of: view.board(.init("every_play", .count))) == "\(all)")
    #expect(try member("count", of: #require(try view.boardAtOnce(.init("every_play", .count)))) == "\(all)")
  }

  @Test func `leaderboards do not wait for one another`() async throws {
    let scene = try FileScene()
    let view = scene.view()
    try scene.play("a", 1)
    _ = try await view.board(.init("every_play", .count))
    // The other one is not loaded yet.
    #expect(try view.boardAtOnce(.init("hours", .count)) == nil)
    #expect(try view.boardAtOnce(.init("every_play", .count)) != nil)
  }

  private final class Counts: Sendable {
    let isOver = Atomic(false)
    let all = Atomic(0)
    let atOnce = Atomic(0)
  }

  private func either(_ view: PipelineView, _ request: BoardRequest) async throws -> [UInt8] {
    if let answer = try view.boardAtOnce(request) { return answer }
    return try await view.board(request)
  }

  /// Readers that ask as fast as they can while `write` runs: each play is of a new member, so that a board of all plays has as many members as there
  /// are records. Answers how many answers there were, and how many of them at once.
  private func ask(
    _ view: PipelineView, readers: Int, while write: () async throws -> Void
  ) async throws -> (all: Int, atOnce: Int) {
    let counts = Counts()
    let tasks = (0..<readers).map { _ in
      Task {
        var last = 0
        while !counts.isOver.load(ordering: .acquiring) {
          let request = BoardRequest("every_play", .top(offset: 0, limit: 3))
          let quick = try view.boardAtOnce(request)
          let answer: [UInt8]
          if let quick {
            counts.atOnce.add(1, ordering: .relaxed)
            answer = quick
          } else {
            answer = try await view.board(request)
          }
          counts.all.add(1, ordering: .relaxed)
          let count = try #require(Int(try member("count", of: answer)))
          let position = try member("position", of: answer)
          #expect(position.hasSuffix(":0:\(count)\"]}"), "\(count) members at \(position)")
          #expect(count >= last, "an answer is older than the one before")
          last = count
          await Task.yield()
        }
      }
    }
    do {
      try await write()
      counts.isOver.store(true, ordering: .releasing)
    } catch {
      counts.isOver.store(true, ordering: .releasing)
      throw error
    }
    for task in tasks { try await task.value }
    return (counts.all.load(ordering: .relaxed), counts.atOnce.load(ordering: .relaxed))
  }

  @Test(.timeLimit(.minutes(2))) func `while the journal moves each answer is of one moment, and one's own writes are in it`()
    async throws
  {
    let scene = try FileScene()
    let view = scene.view()
    var random = SeededGenerator(seed: 5)
    let counts = try await ask(view, readers: 3) {
      var written = 0
      for round in 0..<300 {
        let count = Int.random(in: 1...8, using: &random)
        try scene.write { history in
          for number in 0..<count { FileScene.play("p\(round)-\(number)", 1, room: "r", points: 1, &history) }
        }
        written += count
        let answer = try await either(view, BoardRequest("every_play", .count))
        #expect(try member("count", of: answer) == "\(written)", "own writes")
        if round % 100 == 50 { try scene.rebuild() }
        if round % 10 == 0 { await Task.yield() }
      }
    }
    #expect(counts.all > 0 && counts.atOnce > 0, "\(counts)")
  }

  private struct NoOperations: PipelineOperator {
    func rebuild(_ pipeline: String) async throws {}
    func effects(_ pipeline: String, _ states: Set<EffectState>, after: EffectID, limit: Int) async throws -> [ListedEffect] {
      []
    }
    func effectNames(_ pipeline: String) async throws -> [(name: String, isPaused: Bool)] { [] }
    func setPaused(_ pipeline: String, effect: String, _ isPaused: Bool) async throws {}
    func change(_ pipeline: String, _ effects: EffectSelection, _ change: EffectChange) async throws -> Int { 0 }
  }

  private func router(_ view: PipelineView) -> QueryRouter {
    QueryRouter(
      views: [view], operations: NoOperations(), changed: Signal(), status: .init(schema: .object([]), json: { Array($0.utf8) }),
      metrics: { "" }, files: [])
  }

  @Test func `requests give the same responses at once and later, errors too`() async throws {
    let scene = try FileScene()
    for number in 0..<50 { try scene.play("m\(number)", 1, points: Int64(number)) }
    let view = scene.view()
    let router = router(view)
    for name in ["best", "every_play", "hours"] { _ = try await view.board(.init(name, .count)) }
    let base = "/v1/pipelines/scene/leaderboards"
    let cases: [(method: String, path: String, query: [(name: String, value: String)], status: Int)] = [
      ("GET", "\(base)/best/rank", [("member", "m7"), ("board", "r")], 200),
      ("GET", "\(base)/best/rank", [("member", "m7")], 200), ("HEAD", "\(base)/every_play/count", [], 200),
      ("GET", "\(base)/b%65st/top", [("limit", "3")], 200), ("GET", "\(base)//best/top", [], 200),
      ("POST", "\(base)/every_play/ranks", [("member", "m1"), ("member", "nobody")], 200),
      ("GET", "\(base)/hours/around", [("member", "m3"), ("radius", "2")], 200),
      ("GET", "\(base)/best/rank", [], 400), ("GET", "\(base)/best/rank", [("member", "m7"), ("x", "y")], 400),
      ("GET", "\(base)/best/top", [("limit", "0")], 400), ("GET", "\(base)/best/top", [("at_least", "x")], 400),
      ("GET", "\(base)/best/top", [("board", "a"), ("board", "b")], 400), ("GET", "\(base)/none/top", [], 404),
      ("GET", "\(base)/best/none", [], 404), ("GET", "/v1/pipelines/other/leaderboards/best/top", [], 404),
      ("DELETE", "\(base)/best/top", [], 405), ("POST", "\(base)/best/top", [], 405), ("GET", "\(base)/best/ranks/x", [], 404),
    ]
    for _ in 0..<2 {
      for (method, path, query, status) in cases {
        let asked = QueryRouter.Asked(method, path, query)
        let quick = try #require(router.answerAtOnce(asked), "\(method) \(path) \(query)")
        let later = await router.answer(asked)
        #expect(quick.status == status && later.status == status, "\(method) \(path) \(query): \(quick.text)")
        #expect(quick.text == later.text && "\(quick.headers)" == "\(later.headers)", "\(method) \(path) \(query)")
      }
    }
    #expect(router.answerAtOnce(.init("GET", "/v1/pipelines/scene/dead-letters", [])) == nil)
  }

  @Test func `so many paths are known, and others are found all the same`() async throws {
    let scene = try FileScene()
    let router = router(scene.view())
    let long = String(repeating: "x", count: KnownPaths.pathBytesMax)
    for number in 0..<(3 * KnownPaths.pathsMax) {
      let answer = router.answerAtOnce(.init("GET", "/v1/pipelines/scene/leaderboards/\(number % 300)/top", []))
      #expect(answer?.status == 404 && answer?.text.contains("no leaderboard `\(number % 300)`") == true)
    }
    #expect(router.answerAtOnce(.init("GET", "/v1/pipelines/scene/leaderboards/\(long)/top", []))?.text.contains(long) == true)
  }

  @Test(.timeLimit(.minutes(2))) func `a server that stops while boards are asked about answers or refuses every request`()
    async throws
  {
    let scene = try FileScene()
    for number in 0..<100 { try scene.play("m\(number)", 1) }
    let router = router(scene.view())
    let server = try HTTPServer.serving { request, responder in router.handle(request, responder) }
    let url = try #require(
      URL(string: "http://127.0.0.1:\(server.port)/v1/pipelines/scene/leaderboards/every_play/rank?member=m5"))
    let answered = Counts()
    let session = URLSession(configuration: .ephemeral)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { () async throws -> Void in
          while let (data, response) = try? await session.data(from: url) {
            let status = (response as? HTTPURLResponse)?.statusCode ?? 0
            if status == 503 { return }
            #expect(status == 200)
            let members = try member("members", of: Array(data))
            #expect(members.contains("\"m5\""))
            answered.all.add(1, ordering: .relaxed)
          }
        }
      }
      try await see("some are answered") { answered.all.load(ordering: .relaxed) > 200 }
      for number in 0..<50 { try scene.play("w\(number)", 1) }
      server.stop()
      try await group.waitForAll()
    }
  }
}

import ChangeLog
import ChangeRecords
import DynamoModel
import Foundation
import PipelineFiles
import Pipelines
import ReadModels
import SQLiteReadModels
import StoreTestKit
import TableStore
import Testing
import Workers

/// Real messages as memories of chats, and as songs that were played: every list, log, session and board that the pipelines' queries give equals a
/// brute-force computation, row by row.
@Suite(.serialized) struct RealBotTests {
  /// All messages with AFTERIMAGE_ALL_MESSAGES=1.
  static let limit = ProcessInfo.processInfo.environment["AFTERIMAGE_ALL_MESSAGES"] == nil ? 6_000 : Int.max
  static let listMax = 20

  /// A read model over items that were put at given times.
  private final class Place {
    let pipeline: Pipeline
    let reader: SQLiteReader
    private let store: TableStore
    private let directory = TemporaryDirectory()

    init(_ name: String, _ table: String, _ items: [(item: Item, time: Int64)]) async throws {
      let pipeline = try PipelineLoader.load(ChatMessages.root.path + "/pipelines/\(name)")
      try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
      let store = try TableStore(path: directory.path + "/tables")
      (self.pipeline, self.store) = (pipeline, store)
      for table in pipeline.tables {
        var definition = table.definition
        definition.partitions = 3
        definition.timeToLive = nil
        _ = try store.createTable(definition, clock: .history)
      }
      let handle = try #require(store.table(table))
      // One write takes an item once.
      var first = items.startIndex
      while first < items.endIndex {
        var seen: [Item] = []
        let part = try items[first...].prefix(100).prefix { item, _ in
          let key = try handle.key(ofPut: item)
          defer { seen.append(key) }
          return !seen.contains(key)
        }
        let actions = try part.map { item, _ in
          WriteAction(table: table, key: try handle.key(ofPut: item)) { _ in .put(item) }
        }
        _ = try await store.write(WriteTransaction(actions: actions, times: part.map { LogTime(rawValue: $0.time) }))
        first = part.endIndex
      }
      let path = directory.path + "/read-model.db"
      var replay = Replay(
        store: try SQLiteGeneration(path: path, pipeline: pipeline),
        logs: pipeline.tables.map { EmbeddedLog(store, table: $0.name) }, batchRecords: 1_000)
      try await replay.catchUp()
      reader = try SQLiteReader(path: path, pipeline: pipeline)
      try reader.deadLetters(limit: 1) { Issue.record("\($0)") }
      #expect(try reader.checkRows(of: pipeline).flatMap(\.findings).isEmpty)
    }

    deinit {
      reader.close()
      store.close()
    }

    func ask(_ name: String, _ given: [String: Value]) throws -> [[AnswerCell]] {
      try reader.answers(name, of: pipeline, given)
    }
  }

  private static func number(_ cell: AnswerCell) -> Int64 { if case .integer(let number) = cell { number } else { -1 } }

  private static func message(_ text: String) -> AttributeValue {
    .map(["type": .string("human"), "data": .map(["content": .string(text)])])
  }

  /// What a nickname has said, and what its memory has made of it.
  private struct Memory {
    var list: [String] = []
    var log: [String] = []
    var writes = 0
    var times: [Int64] = []

    /// False when the list stays as it is: then nothing is written.
    mutating func add(_ text: String, at time: Int64) -> Bool {
      let next = Array((list + [text]).suffix(RealBotTests.listMax))
      func bytes(_ texts: some Sequence<String>) -> [[UInt8]] { texts.map { Array($0.utf8) } }
      if bytes(next) == bytes(list) { return false }
      let kept = (0...min(list.count, next.count)).last { bytes(list.suffix($0)) == bytes(next.prefix($0)) } ?? 0
      log += next.dropFirst(kept)
      list = next
      writes += 1
      times.append(time)
      return true
    }
  }

  @Test func `memories, their logs and their sessions equal a brute-force computation row by row`() async throws {
    let chat = try ChatMessages.load(limit: Self.limit)
    var memories: [[UInt8]: Memory] = [:]
    var items: [(item: Item, time: Int64)] = []
    for message in chat.messages {
      let nick = Array(message.nick.utf8)
      _ = memories[nick, default: Memory()].add(message.text, at: message.time)
      let list = (memories[nick]?.list ?? []).map(Self.message)
      items.append((["SessionId": .string(message.nick), "History": .list(list)], message.time))
    }
    let place = try await Place("chat-memory", "SessionTable", items)
    #expect(memories.values.contains { $0.list.count == Self.listMax && $0.log.count > 2 * Self.listMax })
    for (nick, memory) in memories {
      let session: [String: Value] = ["session": .string(String(decoding: nick, as: UTF8.self))]
      let name = String(decoding: nick, as: UTF8.self)
      // n, kind, body, whole
      let now = try place.ask("chat_memory", session)
      try #require(now.map { $0[2].textBytes } == memory.list.map { Array($0.utf8) }, "the list of \(name)")
      try #require(now.map { Self.number($0[0]) } == memory.list.indices.map { Int64($0) })
      // body, kind, first_seen
      let log = try place.ask("log_of_session", session)
      try #require(log.map { $0[0].textBytes } == memory.log.map { Array($0.utf8) }, "the log of \(name)")
      // session, status, ended_by, started_at, last_at, owner, expires, writes, turns, rewrites
      let states = try place.ask("session_state", session)
      try #require(states.count == 1 && states[0][1].textBytes == Array("active".utf8), "the session of \(name)")
      let times = [states[0][3], states[0][4]].map {
        RealInputTests.milliseconds(String(decoding: $0.textBytes, as: UTF8.self))
      }
      try #require(times == [memory.times[0], memory.times[memory.times.count - 1]], "the session of \(name)")
      try #require(
        [7, 8, 9].map { Self.number(states[0][$0]) } == [Int64(memory.writes), Int64(memory.list.count), 0],
        "the session of \(name)")
    }
  }

  @Test func `boards and totals equal a brute-force computation row by row`() async throws {
    let chat = try ChatMessages.load(limit: Self.limit)
    /// By server: of each nickname how many songs, their seconds, and the message that was the last of them.
    var servers: [Int64: [[UInt8]: (songs: Int64, seconds: Int64, last: Int)]] = [:]
    var items: [(item: Item, time: Int64)] = []
    for (index, message) in chat.messages.enumerated() {
      // A server for each year and half of the day.
      let server = (Int64(message.timeText.prefix(4)) ?? 0) * 2 + (message.time / 43_200_000) % 2
      let seconds = Int64(message.text.utf8.count)
      var own = servers[server, default: [:]][Array(message.nick.utf8)] ?? (0, 0, 0)
      own = (own.songs + 1, own.seconds + seconds, index)
      servers[server, default: [:]][Array(message.nick.utf8)] = own
      items.append(
        (
          [
            "discord_server_id": .number(Number(server)), "event": .string("\(message.timeText)#\(index)"),
            "user_id": .string(message.nick), "song_duration": .number(Number(seconds)),
          ], message.time
        ))
    }
    let place = try await Place("errbot", "play_event", items)
    for (server, djs) in servers {
      // songs, seconds, time
      let totals = try place.ask("totals", ["server": .integer(server)])
      let sums = djs.values.reduce((0, 0)) { ($0.0 + $1.songs, $0.1 + $1.seconds) }
      try #require(totals.count == 1 && [Self.number(totals[0][0]), Self.number(totals[0][1])] == [sums.0, sums.1])
      // dj, songs, seconds
      let top = try place.ask("top_djs", ["server": .integer(server), "limit": .integer(100)])
      let expected = djs.sorted { ($1.value.songs, $0.value.last) < ($0.value.songs, $1.value.last) }.prefix(100)
      try #require(top.map { $0[0].textBytes } == expected.map(\.key), "the board of \(server)")
      try #require(top.map { [Self.number($0[1]), Self.number($0[2])] } == expected.map { [$0.value.songs, $0.value.seconds] })
    }
  }
}

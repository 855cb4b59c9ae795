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

/// Real messages as direct messages: every list and every message that the pipeline's queries give equals the brute-force computation, row by row.
@Suite(.serialized) struct RealConversationTests {
  static let pipeline = try? PipelineLoader.load(ChatMessages.root.path + "/pipelines/direct-messages")

  /// All messages with AFTERIMAGE_ALL_MESSAGES=1.
  static let limit = ProcessInfo.processInfo.environment["AFTERIMAGE_ALL_MESSAGES"] == nil ? 6_000 : Int.max

  private func store(_ items: [(item: Item, time: Int64)], _ directory: TemporaryDirectory) async throws -> TableStore {
    let pipeline = try #require(Self.pipeline)
    let store = try TableStore(path: directory.path + "/tables")
    for table in pipeline.tables {
      var definition = table.definition
      definition.partitions = 3
      _ = try store.createTable(definition, clock: .history)
    }
    let handle = try #require(store.table("cruddur-messages"))
    for first in stride(from: 0, to: items.count, by: 500) {
      let part = items[first..<min(first + 500, items.count)]
      let actions = try part.map { item, _ in
        WriteAction(table: "cruddur-messages", key: try handle.key(ofPut: item), needsCurrent: false) { _ in .put(item) }
      }
      _ = try await store.write(WriteTransaction(actions: actions, times: part.map { LogTime(rawValue: $0.time) }))
    }
    return store
  }

  private static func time(_ cell: AnswerCell) -> Int64 { RealInputTests.milliseconds(Conversations.text(cell.textBytes)) }

  @Test func `lists and messages equal a brute-force computation row by row`() async throws {
    let chat = try ChatMessages.load(limit: Self.limit)
    let conversations = Conversations(chat.messages)
    #expect(conversations.messages.count > chat.messages.count / 3 && conversations.groups.count > 100)
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let store = try await store(conversations.items(), directory)
    defer { store.close() }
    let pipeline = try #require(Self.pipeline)
    let path = directory.path + "/read-model.db"
    var replay = Replay(
      store: try SQLiteGeneration(path: path, pipeline: pipeline),
      logs: pipeline.tables.map { EmbeddedLog(store, table: $0.name) })
    try await replay.catchUp()
    let reader = try SQLiteReader(path: path, pipeline: pipeline)
    defer { reader.close() }
    try reader.deadLetters(limit: 1) { Issue.record("\($0)") }
    #expect(try reader.checkRows(of: pipeline).flatMap(\.findings).isEmpty)

    let lists = conversations.lists()
    for (me, list) in lists {
      // group_uuid, display_name, handle, other, message, created_at
      let found = try reader.answers(
        "conversation_list", of: pipeline, ["me": .string(Conversations.text(me)), "limit": .integer(100)]
      ).map {
        Conversations.Entry(group: $0[0].textBytes, other: $0[3].textBytes, text: $0[4].textBytes, time: Self.time($0[5]))
      }
      try #require(found == Array(list.prefix(100)), "the list of \(Conversations.text(me))")
    }

    for (key, messages) in Dictionary(grouping: conversations.messages, by: \.group) {
      let me = try #require(conversations.groups[key]).one
      var given: [String: Value] = ["me": .string(me), "group_uuid": .string(Conversations.text(key)), "limit": .integer(100)]
      // Page by page, the newest first; within a page the oldest first.
      var left = messages[...]
      while true {
        let page = try reader.answers("conversation_messages", of: pipeline, given)
        let expected = left.suffix(100)
        // message_uuid, display_name, handle, body, sent, stamp, sender
        try #require(
          page.map { [$0[0].textBytes, $0[3].textBytes, $0[5].textBytes, $0[6].textBytes] }
            == expected.map { [Array($0.stamp.utf8), Array($0.text.utf8), Array($0.stamp.utf8), Array($0.sender.utf8)] },
          "a page of \(Conversations.text(key))")
        try #require(page.map { Self.time($0[4]) } == expected.map(\.time))
        left = left.dropLast(100)
        guard let oldest = page.first else { break }
        given["before"] = .timestamp(try Timestamp.parse(Conversations.text(oldest[4].textBytes), zone: nil))
        given["before_uuid"] = .string(Conversations.text(oldest[0].textBytes))
      }
    }
  }
}

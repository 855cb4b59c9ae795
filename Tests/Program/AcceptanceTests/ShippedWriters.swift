import DynamoModel
import Foundation
import RandomTestKit
import RecordLiteralTestKit

/// A write to one of the tables of the shipped pipelines.
struct TableWrite: Sendable {
  let table: String
  /// The item as it is from then on, or the key of one that goes.
  let item: Item
  let isRemoval: Bool
  /// What the effects of the pipelines take away after it: the items of which this holds.
  var takes: (@Sendable (Item) -> Bool)?

  static func put(_ table: String, _ item: Item) -> TableWrite { TableWrite(table: table, item: item, isRemoval: false) }
  static func delete(_ table: String, _ key: Item) -> TableWrite { TableWrite(table: table, item: key, isRemoval: true) }
}

/// A source of writes that follow from a seed.
protocol TableWriter: Sendable {
  mutating func next() -> TableWrite
}

/// Times as the programs write them that feed the tables: each later than the one before.
private struct Stamps {
  private var seconds = 0

  mutating func next() -> String {
    seconds += 1
    let (day, hour, minute) = (seconds / 86_400 + 1, seconds / 3_600 % 24, seconds / 60 % 60)
    return String(format: "2026-01-%02dT%02d:%02d:%02dZ", day, hour, minute, seconds % 60)
  }
}

/// Customers who log in, here and there before they have logged out, with children of their sessions. A session that another has superseded is not written to again.
struct LoginWriter: TableWriter {
  static let table = "session_store_single"

  private let name: String
  private var generator: SeededGenerator
  private var stamps = Stamps()
  private var sessions = 0
  private var children = 0
  /// By customer, the session that is live.
  private var live: [Int: String] = [:]

  init(_ name: String, seed: UInt64) {
    self.name = name
    generator = SeededGenerator(seed: seed)
  }

  private func key(_ session: String, _ customer: Int) -> Item {
    ["PK": .string("suuid#\(session)"), "SK": .string("c#\(name)-\(customer)")]
  }

  private mutating func login(_ session: String, _ customer: Int) -> Item {
    var item = key(session, customer)
    item["session_state"] = .string("active")
    item["last_login_time"] = .string(stamps.next())
    return item
  }

  mutating func next() -> TableWrite {
    let customer = Int.random(in: 0..<20, using: &generator)
    let session = live[customer]
    switch (session, Int.random(in: 0..<10, using: &generator)) {
    case (let session?, 0..<3):
      children += 1
      let child: Item = [
        "PK": .string("suuid#\(session)"), "SK": .string("child#suuid#\(name)-\(children)"), "session_state": .string("active"),
      ]
      return .put(Self.table, child)
    case (let session?, 3): return .put(Self.table, login(session, customer))
    case (let session?, 4):
      live[customer] = nil
      return LoginWriter.taking(.delete(Self.table, key(session, customer)), session)
    case (let session, _):
      sessions += 1
      let new = "\(name)-\(sessions)"
      live[customer] = new
      let write = TableWrite.put(Self.table, login(new, customer))
      return session.map { LoginWriter.taking(write, $0) } ?? write
    }
  }

  private static func taking(_ write: TableWrite, _ session: String) -> TableWrite {
    var write = write
    let gone = AttributeValue.string("suuid#\(session)")
    write.takes = { $0["PK"] == gone }
    return write
  }
}

/// People who join rooms, say something, change and delete it, and rooms that go with all that was said in them. To a room that is gone nobody writes.
struct ChatWriter: TableWriter {
  static let table = "Chat"

  private let name: String
  private var generator: SeededGenerator
  private var stamps = Stamps()
  private var rooms = 0
  /// What stands in the room: its comments.
  private var comments: [Item] = []
  private var isOpen = false

  init(_ name: String, seed: UInt64) {
    self.name = name
    generator = SeededGenerator(seed: seed)
  }

  private var room: String { "\(name)-\(rooms)" }

  private mutating func person() -> String { "\(name)-\(Int.random(in: 0..<12, using: &generator))" }

  mutating func next() -> TableWrite {
    guard isOpen else {
      rooms += 1
      isOpen = true
      comments = []
      let item: Item = ["PK": .string("Room:\(room)"), "SK": .string("meta"), "CreatedBy": .string(person())]
      return .put(Self.table, item)
    }
    switch Int.random(in: 0..<20, using: &generator) {
    case 0 where comments.count > 5:
      isOpen = false
      var write = TableWrite.delete(Self.table, ["PK": .string("Room:\(room)"), "SK": .string("meta")])
      let (gone, join) = (AttributeValue.string(room), AttributeValue.string("Join:\(room)"))
      write.takes = { $0["RoomID"] == gone || $0["SK"] == join }
      return write
    case 1...2: return .put(Self.table, ["PK": .string("User:\(person())"), "SK": .string("Join:\(room)")])
    case 3 where !comments.isEmpty:
      let item = comments.remove(at: Int.random(in: 0..<comments.count, using: &generator))
      return .delete(Self.table, ["PK": item["PK"] ?? .null, "SK": item["SK"] ?? .null])
    case 4 where !comments.isEmpty:
      let place = Int.random(in: 0..<comments.count, using: &generator)
      comments[place]["Comment"] = .string("changed at \(stamps.next())")
      return .put(Self.table, comments[place])
    default:
      let (stamp, speaker) = (stamps.next(), person())
      let text = Bool.random(using: &generator) ? "\(person()): many thanks" : "hello from \(speaker)"
      let item: Item = [
        "PK": .string("User:\(speaker)"), "SK": .string(stamp), "RoomID": .string(room), "CreatedAt": .string(stamp),
        "Comment": .string(text),
      ]
      comments.append(item)
      return .put(Self.table, item)
    }
  }
}

/// Players who play, take plays back, and change their names.
struct GameWriter: TableWriter {
  static let table = "GameScores"

  private let name: String
  private var generator: SeededGenerator
  private var stamps = Stamps()
  private var plays: [Item] = []

  init(_ name: String, seed: UInt64) {
    self.name = name
    generator = SeededGenerator(seed: seed)
  }

  mutating func next() -> TableWrite {
    let player = AttributeValue.string("Player:\(name)-\(Int.random(in: 0..<30, using: &generator))")
    switch Int.random(in: 0..<10, using: &generator) {
    case 0: return .put(Self.table, ["PK": player, "SK": .string("profile"), "Name": .string("named at \(stamps.next())")])
    case 1 where !plays.isEmpty:
      let item = plays.remove(at: Int.random(in: 0..<plays.count, using: &generator))
      return .delete(Self.table, ["PK": item["PK"] ?? .null, "SK": item["SK"] ?? .null])
    default:
      let game = ["chess", "go", "shogi"].randomElement(using: &generator) ?? ""
      let item: Item = [
        "PK": player, "SK": .string("Play:\(game)#\(stamps.next())"),
        "Score": .number(Number(Int64.random(in: 0..<50, using: &generator))),
      ]
      plays.append(item)
      return .put(Self.table, item)
    }
  }
}

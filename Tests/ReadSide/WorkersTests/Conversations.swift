import DynamoModel
import Foundation

/// The messages of a channel as conversations of two: who opens with a name and `:` or `,` writes to that person, and a message without goes to whom its
/// author wrote last, or was written to by. What nobody was written by and to nobody is in no conversation. Plain, and without anything of the engine.
struct Conversations {
  struct Message {
    let group: [UInt8]
    /// Milliseconds since 1970.
    let time: Int64
    /// `2004-11-15T12:18:00Z#000017`: the line in the channel decides within a minute.
    let stamp: String
    let sender: String
    let text: String
  }

  /// One entry of a person's list.
  struct Entry: Equatable {
    let group: [UInt8]
    let other: [UInt8]
    let text: [UInt8]
    let time: Int64
  }

  private(set) var messages: [Message] = []
  /// By group, both people and the time of the first message.
  private(set) var groups: [[UInt8]: (one: String, other: String, time: Int64, timeText: String)] = [:]

  init(_ chat: [ChatMessages.Message]) {
    let nicks = Set(chat.map { Array($0.nick.utf8) })
    // Nicks are told apart by bytes: Swift's strings would hold some of them for equal.
    var last: [[UInt8]: [UInt8]] = [:]
    for (number, message) in chat.enumerated() {
      let sender = Array(message.nick.utf8)
      var group = last[sender]
      if let other = Conversations.addressed(message.text), nicks.contains(Array(other.utf8)), Array(other.utf8) != sender {
        let key = Conversations.group(sender, Array(other.utf8))
        if groups[key] == nil { groups[key] = (message.nick, other, message.time, message.timeText) }
        last[Array(other.utf8)] = key
        group = key
      }
      guard let group else { continue }
      last[sender] = group
      let digits = String(number + 1)
      let stamp = "\(message.timeText)#" + String(repeating: "0", count: 6 - digits.count) + digits
      messages.append(Message(group: group, time: message.time, stamp: stamp, sender: message.nick, text: message.text))
    }
  }

  /// The name that a text opens with: up to a mark with a blank after it.
  private static func addressed(_ text: String) -> String? {
    let word = text.unicodeScalars.prefix { !$0.properties.isWhitespace }
    guard let mark = word.last, mark == ":" || mark == ",", word.endIndex < text.unicodeScalars.endIndex else { return nil }
    return String(String.UnicodeScalarView(word.dropLast()))
  }

  private static func group(_ one: [UInt8], _ other: [UInt8]) -> [UInt8] {
    let sorted = one.lexicographicallyPrecedes(other) ? (one, other) : (other, one)
    return sorted.0 + [0x20] + sorted.1
  }

  static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  /// As an application writes them: two rows for each conversation, which stay as they are, and one item for each message.
  func items() -> [(item: Item, time: Int64)] {
    var known: Set<[UInt8]> = []
    var items: [(item: Item, time: Int64)] = []
    for message in messages {
      let name = Conversations.text(message.group)
      if known.insert(message.group).inserted, let group = groups[message.group] {
        for (me, other) in [(group.one, group.other), (group.other, group.one)] {
          items.append(
            (
              [
                "pk": .string("GRP#\(me)"), "sk": .string("\(group.timeText)#\(name)"), "message_group_uuid": .string(name),
                "user_uuid": .string(other),
              ], message.time
            ))
        }
      }
      items.append(
        (
          [
            "pk": .string("MSG#\(name)"), "sk": .string(message.stamp), "message_uuid": .string(message.stamp),
            "message": .string(message.text), "user_uuid": .string(message.sender),
          ], message.time
        ))
    }
    return items
  }

  /// The list of each person, the latest conversation first, those of one time by their groups.
  func lists() -> [[UInt8]: [Entry]] {
    var ends: [[UInt8]: Message] = [:]
    for message in messages { ends[message.group] = message }
    var lists: [[UInt8]: [Entry]] = [:]
    for (key, group) in groups {
      guard let end = ends[key] else { continue }
      for (me, other) in [(group.one, group.other), (group.other, group.one)] {
        let entry = Entry(group: key, other: Array(other.utf8), text: Array(end.text.utf8), time: end.time)
        lists[Array(me.utf8), default: []].append(entry)
      }
    }
    return lists.mapValues { list in
      list.sorted { $0.time != $1.time ? $0.time > $1.time : $0.group.lexicographicallyPrecedes($1.group) }
    }
  }
}

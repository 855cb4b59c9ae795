import DynamoModel
import Foundation
import Gzip
import RandomTestKit

/// Messages for tests: the real ones of ../shared when they are there, seeded ones of our own otherwise.
struct ChatMessages {
  struct Message {
    /// Milliseconds since 1970.
    let time: Int64
    let timeText: String
    let nick: String
    let text: String
  }

  let messages: [Message]
  let isReal: Bool

  /// The repository's root, four folders above this file.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()

  /// At most `limit` messages, in order.
  static func load(limit: Int = .max) throws -> ChatMessages {
    let shared = ProcessInfo.processInfo.environment["AFTERIMAGE_SHARED"] ?? root.path + "/../shared"
    let path = shared + "/data/ubuntu-irc.tsv.gz"
    guard FileManager.default.fileExists(atPath: path) else { return seeded(count: min(limit, 20_000)) }
    let reader = try LineReader(path: path)
    var messages: [Message] = []
    while messages.count < limit, let line = try reader.next() {
      let fields = line.split(separator: 9, maxSplits: 2, omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
      messages.append(Message(time: milliseconds(fields[0]), timeText: fields[0], nick: fields[1], text: fields[2]))
    }
    return ChatMessages(messages: messages, isReal: true)
  }

  /// `2004-11-15T12:18:00Z`, by the C library: nothing of ours.
  static func milliseconds(_ text: String) -> Int64 {
    var parts = tm()
    let numbers = text.split { $0 < "0" || $0 > "9" }.compactMap { Int32($0) }
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
    return Int64(timegm(&parts)) * 1000
  }

  private static func seeded(count: Int) -> ChatMessages {
    var generator = SeededGenerator(seed: 7)
    let nicks = (0..<300).map { "nick\($0)" } + ["|x|", "{y}", "Grüße", "e\u{301}", "\u{e9}"]
    var time: Int64 = 1_100_000_000_000 / 60_000 * 60_000
    var messages: [Message] = []
    for index in 0..<count {
      if Int.random(in: 0..<4, using: &generator) == 0 { time += 60_000 * Int64.random(in: 1...9, using: &generator) }
      if index % 2_000 == 1_999 { time += 3_600_000 * 30 }
      // The square makes some talk far more than others.
      let place =
        Int.random(in: 0..<nicks.count, using: &generator) * Int.random(in: 0..<nicks.count, using: &generator) / nicks.count
      let other = nicks.randomElement(using: &generator) ?? ""
      let text = index % 11 == 0 ? "\(other): thanks for that" : index % 13 == 0 ? "\(other), Thank You!" : "message \(index)"
      var parts = tm()
      var seconds = time_t(time / 1000)
      gmtime_r(&seconds, &parts)
      var buffer = [CChar](repeating: 0, count: 32)
      strftime(&buffer, 32, "%Y-%m-%dT%H:%M:%SZ", &parts)
      let end = buffer.firstIndex(of: 0) ?? 0
      let timeText = String(decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      messages.append(Message(time: time, timeText: timeText, nick: nicks[place], text: text))
    }
    return ChatMessages(messages: messages, isReal: false)
  }

  func item(_ index: Int) -> Item {
    let message = messages[index]
    let digits = String(index + 1)
    let line = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    return [
      "PK": .string("User:\(message.nick)"), "SK": .string("\(message.timeText)#\(line)"), "RoomID": .string("ubuntu"),
      "CreatedAt": .string(message.timeText), "Comment": .string(message.text),
    ]
  }
}

import Foundation

/// What the rows of chat-rooms must be, computed from the messages alone, plainly and without anything of the engine.
struct BruteForce {
  struct Session: Hashable {
    let nick: [UInt8]
    /// Milliseconds.
    let started: Int64
    let last: Int64
    let comments: Int
    let isActive: Bool
    let ended: Int64
    let endedBy: String
  }

  struct Place: Hashable {
    let board: String
    let member: [UInt8]
    let score: Int
    let reached: Int64
  }

  var sessions: Set<Session> = []
  var byDay: Set<Place> = []
  var thanked: Set<Place> = []
  var counts: [[UInt8]: Int] = [:]
  var seconds: [[UInt8]: Int64] = [:]

  static let gap: Int64 = 30 * 60_000
  static let longest: Int64 = 24 * 3_600_000

  init(_ messages: [ChatMessages.Message]) {
    // Nicks are compared by bytes: Swift's strings would hold some of them for equal.
    var times: [[UInt8]: [Int64]] = [:]
    var day: [String: [[UInt8]: (Int, Int64)]] = [:]
    var thanks: [[UInt8]: (Int, Int64)] = [:]
    for message in messages {
      let nick = Array(message.nick.utf8)
      times[nick, default: []].append(message.time)
      let date = String(message.timeText.prefix(10))
      day[date, default: [:]][nick] = ((day[date]?[nick]?.0 ?? 0) + 1, message.time)
      if let who = BruteForce.thanked(message.text) { thanks[who] = ((thanks[who]?.0 ?? 0) + 1, message.time) }
    }
    let end = messages.last?.time ?? 0
    for (nick, all) in times {
      counts[nick] = all.count
      var start = all[0]
      var last = all[0]
      var count = 0
      func close(_ next: Int64?) {
        let limit = min(last + BruteForce.gap, start + BruteForce.longest)
        let isActive = next == nil && limit >= end
        sessions.insert(
          Session(
            nick: nick, started: start, last: last, comments: count, isActive: isActive, ended: isActive ? 0 : limit,
            endedBy: isActive ? "" : (last + BruteForce.gap <= start + BruteForce.longest ? "gap" : "max")))
        seconds[nick, default: 0] += (last - start) / 1000
      }
      for time in all {
        if count > 0, time > min(last + BruteForce.gap, start + BruteForce.longest) {
          close(time)
          start = time
          count = 0
        }
        last = time
        count += 1
      }
      close(nil)
    }
    for (date, members) in day {
      for (nick, place) in members { byDay.insert(Place(board: date, member: nick, score: place.0, reached: place.1)) }
    }
    for (nick, place) in thanks { thanked.insert(Place(board: "", member: nick, score: place.0, reached: place.1)) }
  }

  /// Who is thanked: the text opens with a name and `:` or `,` and a blank, and says thanks or thank you, as whole words, in any case.
  static func thanked(_ text: String) -> [UInt8]? {
    let scalars = Array(text.unicodeScalars)
    func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
    guard let first = scalars.first, !isBlank(first) else { return nil }
    let word = scalars.prefix { !isBlank($0) }
    // The shortest name: up to a mark with a blank after it, and something before it.
    guard word.count >= 2, word.count < scalars.count, let mark = word.last, mark == ":" || mark == "," else { return nil }
    let rest = scalars[word.count...].map { Character($0.properties.lowercaseMapping.unicodeScalars.first ?? $0) }
    guard BruteForce.says("thanks", rest) || BruteForce.says("thank you", rest) else { return nil }
    return Array(String(String.UnicodeScalarView(word.dropLast())).utf8)
  }

  private static func says(_ phrase: String, _ text: [Character]) -> Bool {
    let wanted = Array(phrase)
    func isWord(_ character: Character) -> Bool { character.isLetter || character.isNumber || character == "_" }
    guard text.count >= wanted.count else { return false }
    for start in 0...(text.count - wanted.count) where Array(text[start..<(start + wanted.count)]) == wanted {
      let before = start == 0 || !isWord(text[start - 1])
      let end = start + wanted.count
      if before, end == text.count || !isWord(text[end]) { return true }
    }
    return false
  }
}

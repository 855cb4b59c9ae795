internal import DynamoModel
internal import Foundation

/// A mail as the mail command gets it: a message of RFC 5322, in UTF-8, the same at each attempt but for its date.
struct MailMessage {
  let to: [String]
  let subject: String
  let text: String
  let from: String?
  let idempotencyKey: String

  /// `time` in milliseconds since 1970. Lines end with a single line feed, as mail commands take them.
  func bytes(at time: Int64) -> [UInt8] {
    var lines: [String] = []
    if let from { lines.append("From: \(from)") }
    lines.append("To: \(to.joined(separator: ",\n "))")
    lines.append("Subject: \(MailMessage.encoded(subject))")
    lines.append("Date: \(MailMessage.date(time))")
    lines.append("Message-ID: <\(CarriedKey.hash(idempotencyKey))@afterimage>")
    lines.append("Idempotency-Key: \(CarriedKey.text(idempotencyKey))")
    // Nobody answers it, and no answering machine should.
    lines.append("Auto-Submitted: auto-generated")
    lines.append("MIME-Version: 1.0")
    lines.append("Content-Type: text/plain; charset=utf-8")
    lines.append("Content-Transfer-Encoding: base64")
    return Array((lines.joined(separator: "\n") + "\n\n" + MailMessage.folded(Base64.encode(Array(text.utf8)))).utf8)
  }

  /// A header's text: as it is where it is short ASCII, else in encoded words (RFC 2047) of whole characters.
  static func encoded(_ text: String) -> String {
    let isPlain = text.utf8.count <= 200 && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f } && !text.contains("=?")
    if isPlain { return text }
    var words: [String] = []
    var word: [UInt8] = []
    for scalar in text.unicodeScalars {
      let bytes = Array(String(scalar).utf8)
      // A word has at most 75 characters with its marks.
      if word.count + bytes.count > 45 {
        words.append("=?utf-8?B?\(Base64.encode(word))?=")
        word = []
      }
      word += bytes
    }
    words.append("=?utf-8?B?\(Base64.encode(word))?=")
    return words.joined(separator: "\n ")
  }

  private static func folded(_ base64: String) -> String {
    let characters = Array(base64.utf8)
    return stride(from: 0, to: characters.count, by: 76).map {
      String(decoding: characters[$0..<min($0 + 76, characters.count)], as: UTF8.self) + "\n"
    }.joined()
  }

  private static func date(_ time: Int64) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss +0000"
    return formatter.string(from: Date(timeIntervalSince1970: Double(time) / 1000))
  }
}

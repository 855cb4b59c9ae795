internal import AccessKeys

/// A login on the page, as its cookie says it: whose, until when, and a number of its own.
///
/// The cookie is signed with a key that is derived from the key's token. So nothing is kept of a session before its logout: every process with the same file of
/// keys takes it, over restarts too, and it ends when the entry leaves the file or gets another token. The token cannot be found out from it.
struct PageSession: Equatable, Sendable {
  /// From the login on, in milliseconds: half a day.
  static let lifetime: Int64 = 12 * 3_600_000

  /// `TokenDigest.reference` of the key.
  let reference: String
  /// 32 hexadecimal digits, other ones for every login.
  let number: String
  /// Milliseconds since 1970; at that moment it has ended.
  let expires: Int64

  /// What is signed.
  private var text: String { "1.\(reference).\(number).\(expires)" }

  /// A session that begins at `now`; `generator` makes its number.
  init(_ token: TokenDigest, now: Int64, using generator: inout some RandomNumberGenerator) {
    reference = token.reference
    number = PageSession.hexadecimal(generator.next()) + PageSession.hexadecimal(generator.next())
    expires = now + PageSession.lifetime
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The cookie's value.
  func cookie(_ token: TokenDigest) -> String { "\(text).\(token.signature(of: text))" }

  /// The session that a cookie's value says, with the key that signed it; nil for a value that nobody in `keys` signed, and from its end on.
  static func read(_ cookie: String, _ keys: KeySet, now: Int64) -> (session: PageSession, key: AccessKey)? {
    let parts = cookie.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 5, parts[0] == "1", let expires = Int64(parts[3]) else { return nil }
    // The text as it came: one that says the same in another way was not signed.
    let text = parts.dropLast().joined(separator: ".")
    guard let key = keys.key(reference: parts[1]), let token = key.token, token.isSignature(parts[4], of: text) else {
      return nil
    }
    return now < expires ? (PageSession(reference: parts[1], number: parts[2], expires: expires), key) : nil
  }

  private init(reference: String, number: String, expires: Int64) {
    self.reference = reference
    self.number = number
    self.expires = expires
  }
}

/// A session that was ended by a logout, as processes tell each other of it.
package struct EndedSession: Equatable, Sendable {
  /// Of the session, which is of no use without its signature.
  package let number: String
  /// When it would have ended by itself, in milliseconds since 1970.
  package let expires: Int64

  package init(number: String, expires: Int64) {
    self.number = number
    self.expires = expires
  }
}

/// Sessions that were ended by a logout before their time.
struct EndedSessions: Sendable {
  /// Past it those that would have ended first are forgotten: their cookies were deleted in their browsers anyway.
  static let sessionsMax = 10_000

  private var ends: [String: Int64] = [:]
  /// Those of them that were ended here and that others were not told of.
  private(set) var untold: [EndedSession] = []

  /// Ended here.
  mutating func end(_ session: PageSession, now: Int64) {
    let ended = EndedSession(number: session.number, expires: session.expires)
    if ends[ended.number] == nil { untold.append(ended) }
    end(ended, now: now)
  }

  /// Others have been told of these.
  mutating func told(_ sessions: [EndedSession]) { untold.removeAll { sessions.contains($0) } }

  /// Ended here, or elsewhere.
  mutating func end(_ session: EndedSession, now: Int64) {
    if ends.count >= EndedSessions.sessionsMax {
      ends = ends.filter { $0.value > now }
      if ends.count >= EndedSessions.sessionsMax, let first = ends.min(by: { $0.value < $1.value }) {
        ends.removeValue(forKey: first.key)
      }
    }
    ends[session.number] = session.expires
  }

  func contains(_ session: PageSession) -> Bool { ends[session.number] != nil }
}

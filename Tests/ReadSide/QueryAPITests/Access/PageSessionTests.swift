import AccessKeys
import RandomTestKit
import Testing

@testable import QueryAPI

/// A login on the page: whose cookie is taken, and until when.
@Suite struct PageSessionTests {
  private static let token = TokenDigest("0123456789abcdef01234567")
  private static let keys = KeySet([
    AccessKey(id: "other", token: TokenDigest("another-0123456789abcdef")), AccessKey(id: "ana", token: token),
  ])

  private func session(_ token: TokenDigest = token, now: Int64 = 1_000) -> PageSession {
    var random = SeededGenerator(seed: UInt64(now))
    return PageSession(token, now: now, using: &random)
  }

  @Test func `a session is its key's until its time is over`() throws {
    let session = session()
    let cookie = session.cookie(Self.token)
    let read = try #require(PageSession.read(cookie, Self.keys, now: 1_000))
    #expect(read.session == session && read.key.id == "ana" && session.expires == 1_000 + 12 * 3_600_000)
    #expect(PageSession.read(cookie, Self.keys, now: session.expires - 1) != nil)
    #expect(PageSession.read(cookie, Self.keys, now: session.expires) == nil)
    #expect(cookie.utf8.count < RequestCredentials.cookieBytesMax && !cookie.contains("0123456789abcdef01234567"))
  }

  @Test func `it ends with its key, and with its token`() {
    let cookie = session().cookie(Self.token)
    #expect(PageSession.read(cookie, KeySet([]), now: 1_000) == nil)
    let changed = KeySet([AccessKey(id: "ana", token: TokenDigest("0123456789abcdef01234568"))])
    #expect(PageSession.read(cookie, changed, now: 1_000) == nil)
    // Another id is the same token: what counts is what was proved.
    #expect(PageSession.read(cookie, KeySet([AccessKey(id: "ben", token: Self.token)]), now: 1_000)?.key.id == "ben")
  }

  @Test func `no byte of a cookie can be another one`() {
    let cookie = Array(session().cookie(Self.token).utf8)
    for place in cookie.indices {
      for byte in Array("09af.-+ A".utf8) where byte != cookie[place] {
        var changed = cookie
        changed[place] = byte
        let text = String(decoding: changed, as: UTF8.self)
        #expect(PageSession.read(text, Self.keys, now: 1_000) == nil, "\(text)")
      }
    }
    let text = String(decoding: cookie, as: UTF8.self)
    let parts = text.split(separator: ".").map(String.init)
    for wrong in [
      "", ".", "....", text + ".", "." + text, text + "0", String(text.dropLast()), text + text, "1.\(parts[1])",
      (parts[..<3] + ["+" + parts[3], parts[4]]).joined(separator: "."),
      (parts[..<3] + ["0" + parts[3], parts[4]]).joined(separator: "."),
      (parts[..<3] + ["99999999999999999999", parts[4]]).joined(separator: "."),
      // Signed by the other key, which is not the one that it names.
      session().cookie(TokenDigest("another-0123456789abcdef")),
    ] {
      #expect(PageSession.read(wrong, Self.keys, now: 1_000) == nil, "\(wrong)")
    }
  }

  @Test func `two logins are two sessions`() {
    var random = SystemRandomNumberGenerator()
    let numbers = Set((0..<100).map { _ in PageSession(Self.token, now: 0, using: &random).number })
    #expect(numbers.count == 100 && numbers.allSatisfy { $0.utf8.count == 32 })
  }

  @Test func `a session that was ended stays so, and so many are kept: those that would last longest`() {
    var ended = EndedSessions()
    let all = (0...EndedSessions.sessionsMax + 1).map { session(now: Int64($0)) }
    for one in all[..<EndedSessions.sessionsMax] { ended.end(one, now: 0) }
    #expect(all[..<EndedSessions.sessionsMax].allSatisfy(ended.contains) && !ended.contains(all[EndedSessions.sessionsMax]))
    ended.end(all[EndedSessions.sessionsMax], now: 0)
    #expect(!ended.contains(all[0]) && all[1...EndedSessions.sessionsMax].allSatisfy(ended.contains))
    // What is over by itself goes first, all of it.
    ended.end(all[EndedSessions.sessionsMax + 1], now: all[5_000].expires)
    #expect(!ended.contains(all[5_000]) && all[5_001...].allSatisfy(ended.contains))
  }

  @Test func `what was ended here is passed on once, and what others ended has ended`() {
    var (here, there) = (EndedSessions(), EndedSessions())
    let (first, second) = (session(now: 1), session(now: 2))
    for _ in 0..<2 { here.end(first, now: 0) }
    let untold = here.untold
    #expect(untold == [EndedSession(number: first.number, expires: first.expires)])
    here.end(second, now: 0)
    here.told(untold)
    #expect(here.untold.map(\.number) == [second.number] && here.contains(first))
    for one in untold { there.end(one, now: 0) }
    #expect(there.contains(first) && !there.contains(second) && there.untold.isEmpty)
  }
}

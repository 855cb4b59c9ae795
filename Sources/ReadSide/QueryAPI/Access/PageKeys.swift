package import AccessKeys
internal import Foundation
package import Services
internal import Synchronization

/// The keys of the query API and the page: who calls, and the page's logins. What may be done then decides `RequiredAccess`.
package final class PageKeys: Sendable {
  private let file: KeyFile
  private let isSecure: Bool
  private let now: @Sendable () -> Int64
  private let ended = Mutex(EndedSessions())
  /// Announced when a session has been ended here.
  package let loggedOut = Signal()

  /// `isSecure`: the server speaks TLS. `now` gives milliseconds since 1970.
  package init(
    _ file: KeyFile, isSecure: Bool, now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1000) }
  ) {
    self.file = file
    self.isSecure = isSecure
    self.now = now
  }

  /// Under TLS it has the prefix that makes browsers refuse one that a neighbour (another name or an unencrypted port) has set.
  var cookieName: String { (isSecure ? "__Host-" : "") + "afterimage-session" }

  /// Who calls; throws why nobody does.
  func caller(_ credentials: RequestCredentials) throws(QueryError) -> Caller {
    switch credentials {
    case .none:
      throw QueryError(.unauthorized, "this server asks for a token: send it in the header `Authorization: Bearer TOKEN`")
    case .malformed(let reason): throw QueryError(.unauthorized, reason)
    case .token(let token):
      guard let key = file.current.key(token: token) else { throw QueryError(.unauthorized, "no key has this token") }
      return Caller(key: key)
    case .cookie(let cookie):
      guard let (session, key) = PageSession.read(cookie, file.current, now: now()),
        !ended.withLock({ $0.contains(session) })
      else { throw QueryError(.unauthorized, "the session has ended: log in again") }
      return Caller(key: key, session: session)
    }
  }

  /// The caller with what its key may do now; nil when it may no more: its entry has gone, its token has changed, its session has ended.
  func now(_ caller: Caller) -> Caller? {
    guard let reference = caller.key.token?.reference, let key = file.current.key(reference: reference) else { return nil }
    if let session = caller.session {
      guard now() < session.expires, !ended.withLock({ $0.contains(session) }) else { return nil }
    }
    return Caller(key: key, session: caller.session)
  }

  /// A new session for whoever has this token, and what sets its cookie; nil when no key has it.
  func logIn(token: String) -> (caller: Caller, setCookie: String)? {
    guard TokenDigest.isToken(token), token.utf8.count <= TokenDigest.bytesMax, let key = file.current.key(token: token),
      let digest = key.token
    else { return nil }
    var generator = SystemRandomNumberGenerator()
    let session = PageSession(digest, now: now(), using: &generator)
    let caller = Caller(key: key, session: session)
    return (caller, setCookie(session.cookie(digest), seconds: PageSession.lifetime / 1000))
  }

  /// Ends the caller's session in this process; answers what deletes its cookie. Whoever follows `untold` tells other processes.
  func logOut(_ caller: Caller) -> String {
    if let session = caller.session {
      ended.withLock { $0.end(session, now: now()) }
      loggedOut.announce()
    }
    return setCookie("", seconds: 0)
  }

  /// Sessions that were ended here and that other processes were not told of.
  package var untold: [EndedSession] { ended.withLock { $0.untold } }

  /// Others have been told of `told`, and say that these were ended.
  package func hear(_ sessions: [EndedSession], told: [EndedSession]) {
    ended.withLock { ended in
      ended.told(told)
      for session in sessions { ended.end(session, now: now()) }
    }
  }

  private func setCookie(_ value: String, seconds: Int64) -> String {
    "\(cookieName)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
  }
}

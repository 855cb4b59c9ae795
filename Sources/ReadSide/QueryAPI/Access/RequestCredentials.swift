internal import AccessKeys

/// What a request brings to prove who sends it, as its headers have it.
///
/// A token in the header `Authorization` counts before a cookie: only a program sets that header, a browser sends a cookie by itself.
enum RequestCredentials: Equatable, Sendable {
  case none
  case token(String)
  /// The value of the page's cookie.
  case cookie(String)
  /// Something is there that proves nothing, and why; it is not tried as anything else.
  case malformed(String)

  /// Of a cookie's value: a longer one is none of ours.
  static let cookieBytesMax = 512

  /// `authorization` and `cookies` are the values of all headers of these names, `cookieName` is what the page's cookie is called.
  init(authorization: [String], cookies: [String], cookieName: String) {
    switch authorization.count {
    case 0: self = RequestCredentials.cookie(in: cookies, cookieName)
    case 1: self = RequestCredentials.bearer(authorization[0])
    default: self = .malformed("the header Authorization is there more than once")
    }
  }

  private static func bearer(_ header: String) -> RequestCredentials {
    let parts = header.split(separator: " ", omittingEmptySubsequences: true)
    guard parts.count == 2, parts[0].lowercased() == "bearer", TokenDigest.isToken(String(parts[1])) else {
      return .malformed("the header Authorization is not `Bearer TOKEN`")
    }
    guard parts[1].utf8.count <= TokenDigest.bytesMax else {
      return .malformed("the token has more than \(TokenDigest.bytesMax) characters")
    }
    return .token(String(parts[1]))
  }

  private static func cookie(in headers: [String], _ name: String) -> RequestCredentials {
    let pairs: [Substring] = headers.flatMap { header in
      header.split(separator: ";").map { pair in pair.drop { $0 == " " || $0 == "\t" } }
    }
    let values = pairs.filter { $0.hasPrefix(name + "=") }.map { $0.dropFirst(name.count + 1) }
    guard let value = values.first else { return .none }
    // One of them may have been set by somebody who serves on another port of the same name.
    guard values.count == 1 else { return .malformed("the cookie \(name) is there more than once") }
    guard value.utf8.count <= cookieBytesMax else {
      return .malformed("the cookie \(name) has more than \(cookieBytesMax) bytes")
    }
    return .cookie(String(value))
  }
}

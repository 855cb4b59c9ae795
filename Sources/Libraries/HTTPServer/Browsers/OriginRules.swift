/// Which pages may call from a browser, by the `Origin` that it sends with their requests.
///
/// A browser sends some requests of a foreign page without asking first and only keeps the answer from it: so who is not allowed is
/// refused, not just left without CORS headers.
package enum OriginRules: Sendable, Equatable {
  /// Every page, as AWS answers: for servers that take signed requests only.
  case everyone
  /// Pages from this machine (`localhost`, 127.0.0.0/8, `[::1]`, any port, http or https), and the origins given.
  case loopback(and: [String])

  package func allows(_ origin: String) -> Bool {
    switch self {
    case .everyone: return true
    case .loopback(let more):
      if more.contains(where: { OriginRules.canonical($0) == OriginRules.canonical(origin) }) { return true }
      guard let host = OriginRules.host(origin) else { return false }
      return host.isLoopback
    }
  }

  /// Whether an origin is the server itself, as a request's `Host` names it: its own page calls it.
  package static func isSame(_ origin: String, host: String?) -> Bool {
    let origin = canonical(origin)
    guard let host = host?.lowercased() else { return false }
    return origin == "http://\(host)" || origin == "https://\(host)"
  }

  /// `Access-Control-Allow-Origin` for an origin that is allowed.
  package func header(for origin: String) -> String { self == .everyone ? "*" : origin }

  /// The text for a refused request: why, and the flag that allows it.
  package static func refusal(_ origin: String) -> String {
    "pages of \(origin) may not call this server, which takes requests without keys. If they should, start it with --cors \(origin)"
  }

  /// Whether a text is what a browser can send as an origin: `http://host:port`, or `null`, which is that of pages from files.
  package static func isOrigin(_ text: String) -> Bool { canonical(text) == "null" || host(text) != nil }

  /// The host of an http or https origin; nil for anything else, `null` included.
  private static func host(_ origin: String) -> HostName? {
    let text = canonical(origin)
    for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
      let authority = text.dropFirst(scheme.count)
      return authority.contains { "/@?#".contains($0) } ? nil : HostName(authority)
    }
    return nil
  }

  private static func canonical(_ origin: String) -> String {
    let text = origin.lowercased()
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }
}

internal import HTTPServer

/// Where a request comes from, as a browser says it.
///
/// **The guard against forged requests.** A browser adds the page's cookie to whatever any page has it send to this server. `SameSite=Strict` keeps the cookie
/// from pages of other sites, but to it all ports and names of one host are one site. So a request that a cookie speaks for changes something only if the
/// browser says that our own page sent it: `Sec-Fetch-Site: same-origin`, and an `Origin` that is the server as `Host` names it. Pages can set neither header. At
/// least one must be there: every browser sends `Origin` with a POST, and those since 2023 `Sec-Fetch-Site` as well where the connection is trusted.
/// This was chosen over a token in the page: it needs nothing that is kept or handed out, and no page can leak it. A request with
/// a token in `Authorization` needs no guard, since a browser never adds that by itself.
struct RequestOrigin: Equatable, Sendable {
  var host: String?
  var origin: String?
  var fetchSite: String?

  /// Whether a browser sent it for our own page.
  var isOwnPage: Bool { (origin != nil || fetchSite != nil) && !isForeignPage }

  /// Whether a browser sent it for another page, or for none that it names.
  var isForeignPage: Bool {
    if let fetchSite, fetchSite != "same-origin" { return true }
    if let origin, !OriginRules.isSame(origin, host: host) { return true }
    return false
  }
}

package import HTTPServer

/// The page's files: served from the program itself, with a policy that lets the browser ask no other server.
package enum Page {
  /// No script, style or picture but our own, nothing inline, no frame, no form.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    + "form-action 'none'; frame-ancestors 'none'"

  /// The file at a path; nil when there is none.
  package static func file(_ path: String) -> HTTPResponse? {
    switch path {
    case "/", "/index.html": response("text/html; charset=utf-8", PageDocument.html)
    case "/page.css": response("text/css; charset=utf-8", PageStyle.css)
    case "/page.js": response("text/javascript; charset=utf-8", PageScript.javascript)
    case "/icon.svg", "/favicon.ico": response("image/svg+xml", PageDocument.icon)
    default: nil
    }
  }

  private static func response(_ type: String, _ text: String) -> HTTPResponse {
    HTTPResponse(
      headers: [
        ("Content-Type", type), ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-cache"),
      ], body: Array(text.utf8))
  }
}

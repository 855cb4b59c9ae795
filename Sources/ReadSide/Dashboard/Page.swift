package import HTTPServer

/// The page's files: served from the program itself, with a policy that lets the browser ask no other server.
package enum Page {
  /// No script, style or picture but our own, nothing inline, no frame, no form.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    + "form-action 'none'; frame-ancestors 'none'"

  /// The files by their paths.
  package static let files: [(path: String, response: HTTPResponse)] = [
    ("/", response("text/html; charset=utf-8", PageDocument.html)),
    ("/index.html", response("text/html; charset=utf-8", PageDocument.html)),
    ("/page.css", response("text/css; charset=utf-8", PageStyle.css)),
    ("/page.js", response("text/javascript; charset=utf-8", PageScript.javascript + "\n" + PageLogin.javascript)),
    ("/icon.svg", response("image/svg+xml", PageDocument.icon)),
    ("/favicon.ico", response("image/svg+xml", PageDocument.icon)),
  ]

  /// The file at a path; nil when there is none.
  package static func file(_ path: String) -> HTTPResponse? { files.first { $0.path == path }?.response }

  private static func response(_ type: String, _ text: String) -> HTTPResponse {
    HTTPResponse(
      headers: [
        ("Content-Type", type), ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-cache"),
      ], body: Array(text.utf8))
  }
}

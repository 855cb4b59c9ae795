import Dashboard
import HTTPServer
import Testing

/// The page's files: what may be asked for, and what they let a browser do.
@Suite struct PageTests {
  @Test func `the page lets the browser load nothing but its own files`() {
    for path in ["/", "/index.html", "/page.css", "/page.js", "/icon.svg", "/favicon.ico"] {
      let headers = Page.file(path)?.headers ?? []
      let policy = headers.first { $0.name == "Content-Security-Policy" }?.value ?? ""
      #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "\(path)")
      #expect(!policy.contains("unsafe") && !policy.contains("*"), "\(path)")
      #expect(headers.contains { $0.name == "X-Content-Type-Options" && $0.value == "nosniff" }, "\(path)")
    }
  }

  @Test func `nothing else is there`() {
    for path in ["", "/page", "/page.js/", "/../page.js", "/v1/events"] { #expect(Page.file(path) == nil, "\(path)") }
  }
}

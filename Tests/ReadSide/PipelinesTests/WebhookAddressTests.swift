import Pipelines
import Testing

/// Whom a URL asks.
@Suite struct WebhookAddressTests {
  @Test(arguments: [
    ("https://Hooks.Example.org", "https", "hooks.example.org", 443), ("http://h/p?x=1#f", "http", "h", 80),
    ("https://h:8443/p", "https", "h", 8443), ("http://127.0.0.1:1/", "http", "127.0.0.1", 1),
    ("http://[::1]:9/x", "http", "::1", 9),
    ("https://h?x=a@b", "https", "h", 443), ("http://h:65535", "http", "h", 65_535),
  ])
  func `a URL has a scheme, a host and a port`(url: String, scheme: String, host: String, port: Int) throws {
    let address = try WebhookAddress(url: url)
    #expect(address.scheme == scheme && address.host == host && address.port == port)
  }

  /// What clients read in several ways, or what hides whom it asks.
  @Test(arguments: [
    "", "h/p", "ftp://h/", "HTTP://h/", "https:/h", "https://", "https:///p", "https://user@h/", "https://u:p@h/", "https://h:0/",
    "https://h:65536/", "https://h:/", "https://h:80a/", "https://h\\@evil/", "https://h/ p", "https://h/\n", "https://hö/",
    "https://[::1/",
    "https://[::1]x/", "https://h%2e/", "https://h:80:90/", "file:///etc/passwd",
  ])
  func `what is not plainly one is refused`(url: String) {
    #expect(throws: WebhookAddress.Problem.self, "\(url)") { try WebhookAddress(url: url) }
  }

  @Test func `a beginning holds the whole host`() throws {
    #expect(throws: WebhookAddress.Problem.self) { try WebhookAddress(url: "https://h", isBeginning: true) }
    #expect(throws: WebhookAddress.Problem.self) { try WebhookAddress(url: "https://h:8", isBeginning: true) }
    #expect(try WebhookAddress(url: "https://h/", isBeginning: true).host == "h")
    #expect(try WebhookAddress(url: "https://h?x=", isBeginning: true).host == "h")
  }
}

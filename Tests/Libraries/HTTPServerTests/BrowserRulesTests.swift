import HTTPServer
import Testing

/// Which hosts and origins a server takes requests for, as values.
@Suite struct BrowserRulesTests {
  @Test func `loopback, the address listened on and the names given are hosts of the server`() {
    let rules = HostRules(address: "192.168.1.5", names: ["Tables.example.com", "other:8000"])
    for host in [
      nil, "localhost", "LOCALHOST:8000", "127.0.0.1", "127.9.9.9:1", "[::1]:8000", "[::1]", "[0:0:0:0:0:0:0:1]",
      "[::ffff:127.0.0.1]:1",
      "192.168.1.5:8000", "tables.EXAMPLE.com:443", "other", "localhost.",
    ] as [String?] {
      #expect(rules.allows(host), "\(host ?? "none")")
    }
    for host in [
      "evil.test", "evil.test:8000", "192.168.1.6", "127.0.0.1.evil.test", "localhost.evil.test", "evil.test:localhost", "",
      ":8000",
      "[::2]", "[::1", "[localhost]", "localhost:80:80", "a@localhost", "127.1", "0.0.0.0", "sub.localhost.test",
    ] {
      #expect(!rules.allows(host), "\(host)")
    }
  }

  @Test func `who listens on all interfaces is asked by any address, and by no other name`() {
    for address in ["0.0.0.0", "::"] {
      let rules = HostRules(address: address)
      for host in ["10.1.2.3:8000", "[fe80::1]:8000", "localhost"] { #expect(rules.allows(host), "\(host)") }
      for host in ["evil.test", "10.1.2.3.evil.test"] { #expect(!rules.allows(host), "\(host)") }
    }
  }

  @Test func `a server's own page is of the origin that its Host names`() {
    #expect(OriginRules.isSame("http://Dash.example.com:8001", host: "dash.example.com:8001"))
    #expect(OriginRules.isSame("https://dash.example.com", host: "dash.example.com"))
    for (origin, host) in [
      ("http://evil.test", "dash.example.com"), ("http://dash.example.com:1", "dash.example.com:2"), ("null", "null"),
      ("http://dash.example.com.evil.test", "dash.example.com"), ("http://a@dash.example.com", "dash.example.com"),
    ] {
      #expect(!OriginRules.isSame(origin, host: host), "\(origin)")
    }
    #expect(!OriginRules.isSame("http://x", host: nil))
  }

  @Test func `pages of this machine and the origins given may call`() {
    let rules = OriginRules.loopback(and: ["https://app.example.com", "null"])
    for origin in [
      "http://localhost", "https://localhost:3000", "http://127.0.0.1:8001", "http://127.0.0.2", "http://[::1]:5",
      "https://APP.example.com",
      "null",
    ] {
      #expect(rules.allows(origin) && rules.header(for: origin) == origin, "\(origin)")
    }
    for origin in [
      "http://app.example.com", "https://app.example.com:8443", "http://evil.test", "http://localhost.evil.test",
      "http://127.0.0.1.evil.test",
      "http://evil.test@localhost", "http://localhost/x@evil.test", "ftp://localhost", "file://", "", "localhost", "https://",
      "http://[::1",
    ] {
      #expect(!rules.allows(origin), "\(origin)")
    }
    #expect(!OriginRules.loopback(and: []).allows("null"))
    #expect(OriginRules.everyone.allows("http://evil.test") && OriginRules.everyone.header(for: "http://evil.test") == "*")
  }

  @Test func `what cannot be a host or an origin is known as that`() {
    for name in ["a", "a.b:80", "10.0.0.1", "[::1]"] { #expect(HostRules.isName(name), "\(name)") }
    for name in ["", "http://a/", "a/b", "a:b"] { #expect(!HostRules.isName(name), "\(name)") }
    for origin in ["http://a", "https://a:1", "null", "HTTP://A/"] { #expect(OriginRules.isOrigin(origin), "\(origin)") }
    for origin in ["", "a", "ftp://a", "http://a/b", "*"] { #expect(!OriginRules.isOrigin(origin), "\(origin)") }
  }

  @Test func `a refusal names the flag`() {
    #expect(HostRules.refusal("evil.test:8000").hasSuffix("--host evil.test"))
    #expect(OriginRules.refusal("http://evil.test").hasSuffix("--cors http://evil.test"))
  }
}

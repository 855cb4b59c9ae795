import Testing

@testable import QueryAPI

/// What a request brings to prove who sends it.
@Suite struct RequestCredentialsTests {
  private func read(_ authorization: [String], _ cookies: [String] = []) -> RequestCredentials {
    RequestCredentials(authorization: authorization, cookies: cookies, cookieName: "session")
  }

  private func isMalformed(_ credentials: RequestCredentials) -> Bool {
    if case .malformed = credentials { true } else { false }
  }

  @Test func `a token comes after Bearer, in any case, with blanks between`() {
    for header in ["Bearer abc-._~+/1==", "bearer abc-._~+/1==", "BEARER   abc-._~+/1== "] {
      #expect(read([header]) == .token("abc-._~+/1=="), "\(header)")
    }
  }

  @Test(arguments: [
    "", "Bearer", "Bearer ", "abc", "Basic YTpi", "Bearer a b", "Bearer a,b", "Bearer \u{e4}", "Bearer =", "Bearer a\tb",
    "AWS4-HMAC-SHA256 Credential=a", "Bearer=abc", "Bearer \"abc\"",
  ]) func `another header is not taken for a token, and the cookie does not stand in for it`(_ header: String) {
    #expect(isMalformed(read([header])) && isMalformed(read([header], ["session=x"])), "\(header)")
  }

  @Test func `a header that is there twice proves nothing, even if both are equal`() {
    #expect(isMalformed(read(["Bearer a", "Bearer a"])) && isMalformed(read(["Bearer a", "Bearer b"], ["session=x"])))
    #expect(isMalformed(read([], ["session=a; session=a"])) && isMalformed(read([], ["session=a", "session=b"])))
  }

  @Test func `limits hold at the limit and one past it`() {
    let (token, cookie) = (String(repeating: "t", count: 512), String(repeating: "c", count: RequestCredentials.cookieBytesMax))
    #expect(read(["Bearer " + token]) == .token(token) && isMalformed(read(["Bearer t" + token])))
    #expect(read([], ["session=" + cookie]) == .cookie(cookie) && isMalformed(read([], ["session=c" + cookie])))
  }

  @Test func `the cookie is found among others, and a token counts before it`() {
    #expect(read([], ["a=b; session=x.y; c=d"]) == .cookie("x.y") && read([], ["a=b", "session=x"]) == .cookie("x"))
    #expect(read(["Bearer t"], ["session=x"]) == .token("t"))
    #expect(read([], ["session="]) == .cookie("") && read([], [";;;session=x;"]) == .cookie("x"))
    for cookies in [[], [""], ["sessions=x"], ["xsession=x"], ["session"], ["Session=x"], ["a=session=x"]] {
      #expect(read([], cookies) == .none, "\(cookies)")
    }
  }
}

import AccessKeys
import RandomTestKit
import Testing

/// Keys by their tokens, and what their rules allow.
@Suite struct KeySetTests {
  @Test func `a key is found by its token, its token's reference and its id, and by nothing else`() {
    let tokens = (0..<20).map { "token-\($0)-0123456789abcdef" }
    let keys = KeySet(
      tokens.enumerated().map { AccessKey(id: "k\($0)", token: TokenDigest($1)) } + [AccessKey(id: "s", secret: "s")])
    for (number, token) in tokens.enumerated() {
      #expect(keys.key(token: token)?.id == "k\(number)" && keys.key(id: "k\(number)") != nil)
      #expect(keys.key(reference: TokenDigest(token).reference)?.id == "k\(number)")
      for wrong in [token + "x", String(token.dropLast()), token.uppercased(), "", TokenDigest(token).reference] {
        #expect(keys.key(token: wrong) == nil, "\(wrong)")
      }
    }
    #expect(keys.hasTokens && !KeySet([AccessKey(id: "s", secret: "s")]).hasTokens)
  }

  @Test func `a signature is of one text and one token, and says nothing of the token`() {
    let (a, b) = (TokenDigest("0123456789abcdef01234567a"), TokenDigest("0123456789abcdef01234567b"))
    let signature = a.signature(of: "text")
    #expect(a.isSignature(signature, of: "text") && signature.utf8.count == 64 && a.reference.utf8.count == 32)
    #expect(!b.isSignature(signature, of: "text") && !a.isSignature(signature, of: "texts") && !a.isSignature("", of: "text"))
    #expect(!a.isSignature(String(signature.dropLast()) + "x", of: "text") && a.reference != b.reference)
    #expect(a.isSame(TokenDigest("0123456789abcdef01234567a")) && !a.isSame(b))
  }

  /// A key may do what one of its rules says: compared with a search for a way to match each pattern, letter by letter.
  @Test func `what rules allow is what a plain model allows`() {
    func matches(_ name: Substring, _ pattern: Substring) -> Bool {
      guard let first = pattern.first else { return name.isEmpty }
      if first == "*" { return (0...name.count).contains { matches(name.dropFirst($0), pattern.dropFirst()) } }
      return name.first == first && matches(name.dropFirst(), pattern.dropFirst())
    }
    for seed in UInt64(1)...400 {
      var random = SeededGenerator(seed: seed)
      func text(_ letters: String, _ counts: ClosedRange<Int>) -> String {
        String((0..<Int.random(in: counts, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" })
      }
      let rules = (0..<Int.random(in: 0...3, using: &random)).map { _ in
        (
          names: (0..<Int.random(in: 0...2, using: &random)).map { _ in text("ab*", 1...4) },
          kinds: Set(PipelineAccess.allCases.filter { _ in Bool.random(using: &random) })
        )
      }
      let key = AccessKey(id: "k", pipelines: rules.map { .init(names: $0.names, kinds: $0.kinds) })
      for _ in 0..<20 {
        let name = text("ab", 0...5)
        for access in PipelineAccess.allCases {
          let expected = rules.contains { $0.kinds.contains(access) && $0.names.contains { matches(name[...], $0[...]) } }
          #expect(key.allows(access, pipeline: name) == expected, "seed \(seed): \(access) \(name) \(rules)")
        }
        #expect(key.sees(pipeline: name) == PipelineAccess.allCases.contains { key.allows($0, pipeline: name) })
      }
    }
  }
}

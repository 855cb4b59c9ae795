internal import Crypto

/// A token as this process keeps it: its SHA-256, from which nobody gets the token back. The token itself is forgotten when it has been read.
///
/// A token is what RFC 6750 lets a client send after `Bearer`: letters, digits, `-._~+/`, and `=` at its end. It has a least length because what it signs
/// leaves the server (the page's cookie), so that a guess could be tried without asking.
package struct TokenDigest: Sendable {
  package static let bytesMin = 24
  package static let bytesMax = 512

  private let bytes: [UInt8]

  package init(_ token: String) { bytes = Hashing.sha256(Array(token.utf8)) }

  /// Whether a text has the form of a token, of whatever length.
  package static func isToken(_ text: String) -> Bool {
    let body = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }
    return !body.isEmpty
      && body.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
          true
        default: false
        }
      }
  }

  /// In time that does not tell where the two differ.
  package func isSame(_ other: TokenDigest) -> Bool { Hashing.isEqual(bytes, other.bytes) }

  /// Names the token without telling anything about it: 32 hexadecimal digits, other ones for every token.
  package var reference: String { String(code("afterimage token reference", []).prefix(32)) }

  /// What proves that a text was written by somebody with the token: 64 hexadecimal digits.
  package func signature(of text: String) -> String { code("afterimage session", Array(text.utf8)) }

  /// Whether this is the text's signature, in time that does not tell where it differs.
  package func isSignature(_ signature: String, of text: String) -> Bool {
    Hashing.isEqual(Array(signature.utf8), Array(self.signature(of: text).utf8))
  }

  /// Each purpose has a key of its own.
  private func code(_ purpose: String, _ text: [UInt8]) -> String {
    Hashing.hexadecimal(Hashing.hmacSHA256(key: Hashing.hmacSHA256(key: bytes, Array(purpose.utf8)), text))
  }
}

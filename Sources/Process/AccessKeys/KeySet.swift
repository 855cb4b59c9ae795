/// The keys that hold at a moment.
package struct KeySet: Sendable {
  /// Rises with each reading of the file.
  package let version: Int
  private let byID: [String: AccessKey]
  private let withToken: [(key: AccessKey, token: TokenDigest, reference: String)]

  /// Of two keys with one id the later one holds.
  package init(_ keys: [AccessKey], version: Int = 0) {
    self.version = version
    byID = Dictionary(keys.map { ($0.id, $0) }) { $1 }
    withToken = keys.compactMap { key in key.token.map { (key, $0, $0.reference) } }
  }

  package var hasTokens: Bool { !withToken.isEmpty }

  package func key(id: String) -> AccessKey? { byID[id] }

  /// The key with this token. Every token is compared, so that the time does not tell which one was nearly right; O(number of tokens).
  package func key(token: String) -> AccessKey? {
    let digest = TokenDigest(token)
    var found: AccessKey?
    for one in withToken where one.token.isSame(digest) { found = one.key }
    return found
  }

  /// The key whose token has this reference.
  package func key(reference: String) -> AccessKey? { withToken.first { $0.reference == reference }?.key }
}

package import AccessKeys
internal import Crypto
internal import DynamoModel
internal import HTTPServer
internal import Synchronization

/// Who may call the table API: the key pairs of a file, with which requests are signed.
package final class AccessControl: Sendable {
  private struct SigningKeys {
    /// Of the keys that they were derived from.
    var version = 0
    var byScope: [String: [UInt8]] = [:]
  }

  private let keys: KeyFile
  private let signingKeys = Mutex(SigningKeys())

  /// Derived signing keys that are kept: one for each key, day and region.
  static let signingKeysMax = 1024

  package init(_ keys: KeyFile) { self.keys = keys }

  /// `secret` is that of the key with this id in the set of this version.
  private func signingKey(_ secret: String, of id: String, _ scope: SignatureScope, version: Int) -> [UInt8] {
    let name = "\(id)/\(scope.day)/\(scope.region)"
    if let known = signingKeys.withLock({ $0.version == version ? $0.byScope[name] : nil }) { return known }
    var derived = Array("AWS4\(secret)".utf8)
    for part in [scope.day, scope.region, SignatureScope.service, SignatureScope.terminator] {
      derived = Hashing.hmacSHA256(key: derived, Array(part.utf8))
    }
    let made = derived
    signingKeys.withLock { state in
      if state.version != version || state.byScope.count >= AccessControl.signingKeysMax {
        state = SigningKeys(version: version)
      }
      state.byScope[name] = made
    }
    return made
  }

  /// The key that signed a request; throws what AWS refuses it with. `now` is in milliseconds since 1970.
  func authenticate(_ request: borrowing HTTPRequest, now: Int64) throws(DynamoError) -> AccessKey {
    let keys = keys.current
    let signature = try RequestSignature(request)
    try signature.checkScope()
    guard let key = keys.key(id: signature.scope.keyID), let secret = key.secret else { throw AccessControl.unknown }
    guard AccessControl.isSame(key.sessionToken ?? "", signature.sessionToken ?? "") else { throw AccessControl.unknown }
    try signature.checkTime(now: now)
    let toSign = signature.stringToSign(request)
    let signing = signingKey(secret, of: key.id, signature.scope, version: keys.version)
    let expected = Hashing.hexadecimal(Hashing.hmacSHA256(key: signing, Array(toSign.utf8)))
    guard AccessControl.isSame(expected, signature.signature) else {
      throw DynamoError(
        .invalidSignature,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
          + "signing method. Consult the service documentation for details.")
    }
    return key
  }

  private static let unknown = DynamoError(.unrecognizedClient, "The security token included in the request is invalid.")

  /// In time that does not tell where the texts differ.
  private static func isSame(_ left: String, _ right: String) -> Bool {
    Hashing.isEqual(Array(left.utf8), Array(right.utf8))
  }
}

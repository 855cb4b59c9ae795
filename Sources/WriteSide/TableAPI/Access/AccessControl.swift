internal import Crypto
internal import DynamoModel
internal import Foundation
internal import HTTPServer
internal import Synchronization

/// Who may call: the key pairs of a file, read again when it changes.
///
/// A file that has become unreadable or wrong leaves the keys as they were, and `onProblem` hears of it once for each change.
package final class AccessControl: Sendable {
  private struct State {
    var keys: [String: AccessKey]
    var modified: Date?
    var checkedAt: ContinuousClock.Instant
    var signingKeys: [String: [UInt8]] = [:]
  }

  private let path: String?
  private let fixed: [AccessKey]
  private let onProblem: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// How often the file is looked at, while requests come.
  static let checkInterval = Duration.milliseconds(500)
  /// Derived signing keys that are kept: one for each key, day and region.
  static let signingKeysMax = 1024

  /// Reads the file. `fixed` are keys beside it, for the process's own use.
  package init(
    path: String, fixed: [AccessKey] = [], onProblem: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(AccessFileError) {
    self.path = path
    self.fixed = fixed
    self.onProblem = onProblem
    let modified = AccessControl.modified(path)
    let keys = try AccessFile.keys(path: path)
    state = Mutex(State(keys: AccessControl.table(keys + fixed), modified: modified, checkedAt: .now))
  }

  private static func table(_ keys: [AccessKey]) -> [String: AccessKey] {
    Dictionary(keys.map { ($0.id, $0) }) { $1 }
  }

  private static func modified(_ path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
  }

  private func reload() {
    guard let path else { return }
    let now = ContinuousClock.now
    let known: Date? = state.withLock { state in
      guard now - state.checkedAt >= AccessControl.checkInterval else { return .distantFuture }
      state.checkedAt = now
      return state.modified
    }
    if known == .distantFuture { return }
    let modified = AccessControl.modified(path)
    guard modified != known else { return }
    do throws(AccessFileError) {
      let keys = try AccessFile.keys(path: path)
      state.withLock { state in
        state.keys = AccessControl.table(keys + fixed)
        state.signingKeys = [:]
        state.modified = modified
      }
    } catch {
      state.withLock { $0.modified = modified }
      onProblem("\(error); the keys stay as they were")
    }
  }

  private func key(_ id: String) -> AccessKey? { state.withLock { $0.keys[id] } }

  private func signingKey(_ key: AccessKey, _ scope: SignatureScope) -> [UInt8] {
    let name = "\(key.id)/\(scope.day)/\(scope.region)"
    if let known = state.withLock({ $0.signingKeys[name] }) { return known }
    var derived = Array("AWS4\(key.secret)".utf8)
    for part in [scope.day, scope.region, SignatureScope.service, SignatureScope.terminator] {
      derived = Hashing.hmacSHA256(key: derived, Array(part.utf8))
    }
    let made = derived
    state.withLock { state in
      if state.signingKeys.count >= AccessControl.signingKeysMax { state.signingKeys = [:] }
      state.signingKeys[name] = made
    }
    return made
  }

  /// The key that signed a request; throws what AWS refuses it with. `now` is in milliseconds since 1970.
  func authenticate(_ request: borrowing HTTPRequest, now: Int64) throws(DynamoError) -> AccessKey {
    reload()
    let signature = try RequestSignature(request)
    try signature.checkScope()
    guard let key = key(signature.scope.keyID) else { throw AccessControl.unknown }
    guard AccessControl.isSame(key.sessionToken ?? "", signature.sessionToken ?? "") else { throw AccessControl.unknown }
    try signature.checkTime(now: now)
    let toSign = signature.stringToSign(request)
    let expected = Hashing.hexadecimal(Hashing.hmacSHA256(key: signingKey(key, signature.scope), Array(toSign.utf8)))
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

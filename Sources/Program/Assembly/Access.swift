internal import AccessKeys
internal import DynamoClient
internal import TableAPI
internal import Telemetry

/// Who may call the table API of this process.
enum Access {
  /// A key pair that only this process knows, for its own workers' effects.
  struct Own {
    let credentials: Credentials
    let key: AccessKey
  }

  static func ownCredentials() -> Own {
    func random() -> String { (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined() }
    let (id, secret) = ("afterimage-\(random())", random())
    return Own(credentials: Credentials(accessKey: id, secretKey: secret), key: AccessKey(id: id, secret: secret))
  }

  /// Nil without the table role, and without a file of keys, which only a server on loopback may do without.
  static func control(_ settings: NodeSettings, own: Own) throws -> AccessControl? {
    guard settings.roles.contains(.table) else { return nil }
    guard let path = settings.keysFile else {
      guard settings.address == "::1" || settings.address.hasPrefix("127.") else {
        throw StartError(
          "the table API may listen on \(settings.address) only with keys to check: name a file of them with --keys, or leave out "
            + "--address")
      }
      return nil
    }
    let logger = settings.logger
    do {
      let file = try KeyFile(path: path, fixed: [own.key]) { logger.error("the file of keys cannot be used", ["reason": $0]) }
      return AccessControl(file)
    } catch {
      throw StartError("\(error)")
    }
  }
}

internal import Arguments
internal import AccessKeys
internal import DynamoClient
internal import QueryAPI
internal import TableAPI
internal import Telemetry

/// Who may call this process's ports: the keys of one file, for the table API and for the page.
struct Access {
  /// A key pair that only this process knows, for its own workers' effects.
  struct Own {
    let credentials: Credentials
    let key: AccessKey
  }

  let own: Own
  /// Nil without the table role, and without a file of keys.
  let tables: AccessControl?
  /// Nil without the query role, and without a file of keys.
  let page: PageKeys?

  /// Reads the file of keys. Throws when there is none and a port is to listen where others reach it.
  init(_ settings: NodeSettings) throws {
    own = Access.ownCredentials()
    guard let path = settings.keysFile else {
      if settings.roles.contains(.table) {
        try Access.checkLoopback(settings.address, "the table API", settings.options.lead("address"))
      }
      if settings.roles.contains(.query) {
        try Access.checkLoopback(settings.pageAddress, "the page with the queries", settings.options.lead("page-address"))
      }
      tables = nil
      page = nil
      return
    }
    guard settings.roles.contains(.table) || settings.roles.contains(.query) else {
      tables = nil
      page = nil
      return
    }
    let logger = settings.logger
    let file: KeyFile
    do {
      file = try KeyFile(path: path, fixed: [own.key]) { logger.error("the file of keys cannot be used", ["reason": $0]) }
    } catch {
      throw StartError("\(settings.options.lead("keys"))\(error)")
    }
    tables = settings.roles.contains(.table) ? AccessControl(file) : nil
    page = settings.roles.contains(.query) ? PageKeys(file, isSecure: settings.certificate != nil) : nil
    guard page != nil else { return }
    if !file.current.hasTokens {
      logger.warning("no key has a `token`: the page and the queries answer nobody until one has", ["keys": path])
    }
    if settings.certificate == nil, !Access.isLoopback(settings.pageAddress) {
      logger.warning(
        "tokens reach the page unencrypted: use --tls-cert and --tls-key, or listen on loopback behind a proxy with TLS",
        ["address": settings.pageAddress])
    }
  }

  private static func ownCredentials() -> Own {
    func random() -> String { (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined() }
    let (id, secret) = ("afterimage-\(random())", random())
    return Own(credentials: Credentials(accessKey: id, secretKey: secret), key: AccessKey(id: id, secret: secret))
  }

  private static func isLoopback(_ address: String) -> Bool { address == "::1" || address.hasPrefix("127.") }

  private static func checkLoopback(_ address: String, _ what: String, _ lead: String) throws(StartError) {
    guard !isLoopback(address) else { return }
    throw StartError(
      "\(lead)\(what) may listen on \(address) only with keys to check: name a file of them with --keys, or listen on loopback")
  }
}

/// Which `Host` a request may name. A page of another site whose name was made to lead to this machine (DNS rebinding) is of the same
/// origin as the server in a browser's eyes, so CORS does not hold it back; but its requests name that site.
///
/// Allowed are loopback, the address that the server listens on (any numeric address when that is all interfaces), and the names
/// given. A request without `Host` comes from no browser and is allowed.
package struct HostRules: Sendable, Equatable {
  private let address: [UInt8]?
  private let isWildcard: Bool
  private let names: Set<String>

  /// `address` is a numeric one, without a port. A name may be given with a port, which does not count.
  package init(address: String, names: [String] = []) {
    self.address = HostName.address(address)
    isWildcard = self.address?.allSatisfy { $0 == 0 } ?? false
    self.names = Set(names.compactMap { HostName($0)?.text })
  }

  /// Whether a text is what may be given as a name.
  package static func isName(_ text: String) -> Bool {
    HostName(text) != nil && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f && $0 != "/" }
  }

  package func allows(_ host: String?) -> Bool {
    guard let host else { return true }
    guard let name = HostName(host) else { return false }
    if name.isLoopback || names.contains(name.text) { return true }
    guard let given = name.address else { return false }
    return isWildcard || given == address
  }

  /// The text for a refused request: why, and the flag that allows it.
  package static func refusal(_ host: String) -> String {
    let name = HostName(host)?.text ?? host
    return
      "this server is not called \(name): a page of another site could have sent this. If the name is right, start the server with "
      + "--host \(name)"
  }
}

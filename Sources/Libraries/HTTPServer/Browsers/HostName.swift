internal import Glibc

/// The host of a `Host` header or an origin: without its port, in lower case, and whether it is an address.
struct HostName: Equatable {
  let text: String
  /// The bytes of a numeric address, 4 or 16 of them; nil for a name. An IPv4 address within IPv6 counts as IPv4.
  let address: [UInt8]?

  /// Nil for what is neither `host` nor `host:port`, with IPv6 addresses in brackets.
  init?(_ authority: some StringProtocol) {
    var host = Substring(authority.lowercased())
    var port: Substring?
    if host.first == "[" {
      guard let end = host.firstIndex(of: "]") else { return nil }
      let rest = host[host.index(after: end)...]
      guard rest.isEmpty || rest.first == ":" else { return nil }
      port = rest.isEmpty ? nil : rest.dropFirst()
      host = host[host.index(after: host.startIndex)..<end]
      guard host.contains(":") else { return nil }
    } else if let colon = host.firstIndex(of: ":") {
      port = host[host.index(after: colon)...]
      host = host[..<colon]
    }
    if let port, !port.utf8.allSatisfy({ (48...57).contains($0) }) { return nil }
    guard !host.isEmpty else { return nil }
    text = String(host)
    address = HostName.address(text)
  }

  /// `localhost`, 127.0.0.0/8 or ::1. A name such as `127.0.0.1.example.com` is not one of them.
  var isLoopback: Bool {
    guard let address else { return text == "localhost" || text == "localhost." }
    return address.count == 4 ? address[0] == 127 : address.dropLast().allSatisfy { $0 == 0 } && address.last == 1
  }

  /// The address of any interface: 0.0.0.0 or `::`.
  var isWildcard: Bool { address.map { $0.allSatisfy { $0 == 0 } } ?? false }

  static func address(_ text: String) -> [UInt8]? {
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
    var six = in6_addr()
    guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
    let bytes = withUnsafeBytes(of: six) { Array($0) }
    let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
    return isMapped ? Array(bytes[12...]) : bytes
  }
}

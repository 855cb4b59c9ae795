internal import CMicroHTTPD
internal import Glibc

/// A request as it came, with its whole body. Lives only as long as the call of the handler: it reads the connection's own
/// memory, so the handler takes out what it needs.
package struct HTTPRequest: ~Copyable {
  /// Nil for a request that came over no connection.
  private let connection: OpaquePointer?
  private let headers: [(name: String, value: String)]
  package let method: String
  /// The request target as sent: the path, and after `?` the query, neither decoded.
  package let target: String
  /// The body; already inflated when it came with `Content-Encoding: gzip`.
  package let body: [UInt8]

  /// The body as it came over the wire: other than `body` when it was compressed. What a client has signed.
  package let bodyAsSent: [UInt8]

  init(connection: OpaquePointer, method: String, target: String, body: [UInt8], bodyAsSent: [UInt8]) {
    self.connection = connection
    headers = []
    self.bodyAsSent = bodyAsSent
    self.method = method
    self.target = target
    self.body = body
  }

  /// A request that came over no connection, for what looks at requests without serving them.
  package init(method: String, target: String, headers: [(name: String, value: String)], body: [UInt8]) {
    connection = nil
    self.headers = headers
    bodyAsSent = body
    self.method = method
    self.target = target
    self.body = body
  }

  /// The value of the first header with this name, in any case; nil without one.
  package func header(_ name: StaticString) -> String? {
    guard let connection else { return header(named: "\(name)") }
    return HTTPRequest.header(connection, name)
  }

  /// The same for a name that is known only now.
  package func header(named name: String) -> String? {
    guard let connection else { return headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    return mhd_header(connection, name).map { String(cString: $0) }
  }

  /// The values of all headers with this name, in any case, in their order.
  package func headers(named name: String) -> [String] {
    guard let connection else { return headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value) }
    let found = Found(name)
    mhd_each_header(
      connection,
      { context, _, name, value in
        guard let context, let name, let value else { return mhd_yes }
        let found = Unmanaged<Found>.fromOpaque(context).takeUnretainedValue()
        if strcasecmp(name, found.name) == 0 { found.values.append(String(cString: value)) }
        return mhd_yes
      }, Unmanaged.passUnretained(found).toOpaque())
    return found.values
  }

  private final class Found {
    let name: String
    var values: [String] = []

    init(_ name: String) { self.name = name }
  }

  /// The address that the request came from, `127.0.0.1` or `::1`; nil when it came over no connection. Behind a proxy it is the proxy's.
  package var clientAddress: String? {
    guard let connection, let address = mhd_client_address(connection) else { return nil }
    let length = Int32(address.pointee.sa_family) == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard getnameinfo(address, socklen_t(length), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
    return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
  }

  static func header(_ connection: OpaquePointer, _ name: StaticString) -> String? {
    name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) { start in
      mhd_header(connection, start).map { String(cString: $0) }
    }
  }

  /// The path, percent-decoded, without the query.
  package var path: String { PercentCoding.decode(encodedPath.utf8, plusIsBlank: false) }

  /// The path as it was sent, without the query.
  package var encodedPath: String {
    var target = target
    return target.withUTF8 { bytes in String(decoding: bytes.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self) }
  }

  /// The query's names and values, decoded, in their order. A name without `=` has an empty value.
  package var query: [(name: String, value: String)] {
    var target = target
    return target.withUTF8 { bytes in
      guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else { return [] }
      return HTTPRequest.pairs(UnsafeBufferPointer(rebasing: bytes[(mark + 1)...]))
    }
  }

  /// The names and values of a body that is a form (`application/x-www-form-urlencoded`), as `query` gives those of the target; none for any
  /// other body.
  package var form: [(name: String, value: String)] {
    guard let type = header("content-type"), type.lowercased().hasPrefix("application/x-www-form-urlencoded") else { return [] }
    return body.withUnsafeBufferPointer { HTTPRequest.pairs($0) }
  }

  private static func pairs(_ text: UnsafeBufferPointer<UInt8>) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    var rest = text[...]
    while !rest.isEmpty {
      let part = UnsafeBufferPointer(rebasing: rest.prefix { $0 != UInt8(ascii: "&") })
      rest = rest.dropFirst(part.count + 1)
      if part.isEmpty { continue }
      let end = part.firstIndex(of: UInt8(ascii: "=")) ?? part.count
      pairs.append(
        (
          name: PercentCoding.decode(UnsafeBufferPointer(rebasing: part[..<end]), plusIsBlank: true),
          value: PercentCoding.decode(UnsafeBufferPointer(rebasing: part[min(end + 1, part.count)...]), plusIsBlank: true)
        ))
    }
    return pairs
  }
}

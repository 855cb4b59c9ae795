internal import CMicroHTTPD

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

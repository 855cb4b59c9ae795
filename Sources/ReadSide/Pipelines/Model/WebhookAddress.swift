/// Whom a URL asks: its scheme, host and port, as strictly read as a list of allowed hosts needs it. Nothing that HTTP clients read in several ways is taken.
package struct WebhookAddress: Sendable, Hashable {
  /// `http` or `https`.
  package let scheme: String
  /// In small letters; of an IPv6 address without its brackets.
  package let host: String
  package let port: Int

  /// Why a text is not a URL that can be sent to.
  package struct Problem: Error, Sendable, Equatable {
    package let reason: String
  }

  /// `isBeginning`: whether more text follows, which then cannot be a part of the host.
  package init(url: String, isBeginning: Bool = false) throws(Problem) {
    let bytes = Array(url.utf8)
    guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) else {
      throw Problem(reason: "a URL is of printable ASCII without blanks: write other characters percent-encoded")
    }
    guard let scheme = ["http", "https"].first(where: { url.hasPrefix("\($0)://") }) else {
      throw Problem(reason: "a URL begins with `https://` or `http://`")
    }
    let rest = bytes.dropFirst(scheme.utf8.count + 3)
    let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
    if isBeginning, end == nil {
      throw Problem(reason: "scheme, host and port are the same for all: let the host end with `/` before the first value")
    }
    let authority = rest[..<(end ?? rest.endIndex)]
    if authority.contains(UInt8(ascii: "@")) {
      throw Problem(reason: "a URL has no user or password: secrets are in the settings, not in a pipeline file")
    }
    (host, port) = try WebhookAddress.parts(authority, port: scheme == "https" ? 443 : 80)
    self.scheme = scheme
  }

  /// `name`, `name:port` or `[address]:port`, as a setting names who may be asked. Without a port both usual ones are meant.
  package static func named(_ text: String) throws(Problem) -> (host: String, port: Int?) {
    let (host, port) = try parts(Array(text.utf8)[...], port: 0)
    return (host, port == 0 ? nil : port)
  }

  private static func parts(_ authority: ArraySlice<UInt8>, port usual: Int) throws(Problem) -> (host: String, port: Int) {
    var host = authority
    var rest = authority.suffix(0)
    let isBracketed = authority.first == UInt8(ascii: "[")
    if isBracketed {
      guard let close = authority.firstIndex(of: UInt8(ascii: "]")) else { throw Problem(reason: "the address has no `]`") }
      host = authority[(authority.startIndex + 1)..<close]
      rest = authority[(close + 1)...]
    } else if let colon = authority.firstIndex(of: UInt8(ascii: ":")) {
      host = authority[..<colon]
      rest = authority[colon...]
    }
    func isOfHost(_ byte: UInt8) -> Bool {
      let isDigit = byte >= 48 && byte <= 57
      if isBracketed {
        return isDigit || (byte | 32 >= 97 && byte | 32 <= 102) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
      }
      return isDigit || (byte | 32 >= 97 && byte | 32 <= 122) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        || byte == UInt8(ascii: "_")
    }
    guard !host.isEmpty, host.count <= 253, host.allSatisfy(isOfHost) else {
      throw Problem(reason: "`\(String(decoding: authority, as: UTF8.self))` is not a host, or a host and a port")
    }
    let name = String(decoding: host, as: UTF8.self).lowercased()
    if rest.isEmpty { return (name, usual) }
    let digits = String(decoding: rest.dropFirst(), as: UTF8.self)
    guard rest.first == UInt8(ascii: ":"), digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let port = Int(digits),
      (1...65_535).contains(port)
    else { throw Problem(reason: "`\(digits)` is not a port") }
    return (name, port)
  }
}

internal import Crypto
internal import DynamoModel
internal import HTTPServer

/// The AWS Signature Version 4 of a request, from its Authorization header or its query.
struct RequestSignature {
  /// Milliseconds by which a client's clock may differ.
  static let skewMax: Int64 = 900_000
  /// Seconds that a presigned request may be good for: a week.
  static let expirySecondsMax = 604_800

  let scope: SignatureScope
  let signedHeaders: [String]
  let signature: String
  /// `yyyyMMddTHHmmssZ`.
  let date: String
  let sessionToken: String?
  /// Seconds from `date` on, of a presigned request.
  private let expires: Int?

  init(_ request: borrowing HTTPRequest) throws(DynamoError) {
    if let header = request.header("Authorization"), !header.isEmpty {
      guard !request.query.contains(where: { $0.name == "X-Amz-Algorithm" }) else {
        throw DynamoError(
          .invalidSignature, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
      }
      guard header.utf8.drop(while: { $0 == UInt8(ascii: " ") }).starts(with: "AWS4-".utf8) else {
        throw RequestSignature.noToken
      }
      self = try RequestSignature(header, request)
    } else {
      self = try RequestSignature(query: request)
    }
  }

  private init(_ header: String, _ request: borrowing HTTPRequest) throws(DynamoError) {
    var parts: [String: String] = [:]
    // With commas between them, or blanks, or both.
    for field in header.drop(while: { $0 == " " }).drop(while: { $0 != " " }).split(whereSeparator: { $0 == "," || $0 == " " }) {
      guard let equals = field.firstIndex(of: "=") else { continue }
      parts[String(field[..<equals])] = String(field[field.index(after: equals)...])
    }
    var missing: [String] = []
    for part in ["Credential", "Signature", "SignedHeaders"] where parts[part]?.isEmpty ?? true {
      missing.append("Authorization header requires '\(part)' parameter.")
    }
    let date = request.header("X-Amz-Date") ?? request.header("Date")
    if date == nil {
      missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    }
    guard missing.isEmpty, header.hasPrefix(SignatureScope.algorithm), let date else {
      if missing.isEmpty { missing = ["Unsupported AWS 'algorithm': '\(header.prefix { $0 != " " })'."] }
      throw DynamoError(.incompleteSignature, "\(missing.joined(separator: " ")) Authorization=\(RequestSignature.shown(header))")
    }
    scope = try SignatureScope(parts["Credential"] ?? "")
    signedHeaders = (parts["SignedHeaders"] ?? "").split(separator: ";").map { $0.lowercased() }
    signature = parts["Signature"] ?? ""
    self.date = date
    sessionToken = request.header("X-Amz-Security-Token")
    expires = nil
  }

  private init(query request: borrowing HTTPRequest) throws(DynamoError) {
    let query = request.query
    func value(_ name: String) -> String? { query.last { $0.name == name }?.value }
    guard value("X-Amz-Signature") != nil || value("X-Amz-Credential") != nil || value("X-Amz-Algorithm") != nil else {
      throw RequestSignature.noToken
    }
    var missing: [String] = []
    for name in ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"]
    where value(name)?.isEmpty ?? true {
      missing.append("AWS query-string parameters must include '\(name)'.")
    }
    guard missing.isEmpty else {
      throw DynamoError(
        .incompleteSignature, "\(missing.joined(separator: " ")) Re-examine the query-string parameters.")
    }
    guard value("X-Amz-Algorithm") == SignatureScope.algorithm else {
      throw DynamoError(.incompleteSignature, "Unsupported AWS 'algorithm': '\(value("X-Amz-Algorithm") ?? "")'.")
    }
    scope = try SignatureScope(value("X-Amz-Credential") ?? "")
    signedHeaders = (value("X-Amz-SignedHeaders") ?? "").split(separator: ";").map { $0.lowercased() }
    signature = value("X-Amz-Signature") ?? ""
    date = value("X-Amz-Date") ?? ""
    sessionToken = value("X-Amz-Security-Token")
    guard let seconds = Int(value("X-Amz-Expires") ?? ""), (1...RequestSignature.expirySecondsMax).contains(seconds) else {
      throw DynamoError(
        .incompleteSignature, "X-Amz-Expires must be a number of seconds from 1 to \(RequestSignature.expirySecondsMax)")
    }
    expires = seconds
  }

  private static let noToken = DynamoError(.missingAuthenticationToken, "Request is missing Authentication Token")

  /// The header without its signature: an error must not hand one on.
  private static func shown(_ header: String) -> String {
    guard let range = header.range(ofASCII: "Signature=") else { return header }
    return String(header[..<range]) + "Signature=..."
  }

  func checkScope() throws(DynamoError) {
    try scope.check(date: date)
    guard signedHeaders.contains("host") else {
      throw DynamoError(
        .invalidSignature, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    }
  }

  func checkTime(now: Int64) throws(DynamoError) {
    guard let time = RequestDate.milliseconds(date) else {
      throw DynamoError(
        .incompleteSignature, "Date must be in ISO-8601 'basic format'. Got '\(date)'. See http://en.wikipedia.org/wiki/ISO_8601")
    }
    let end = expires.map { time + Int64($0) * 1000 } ?? time + RequestSignature.skewMax
    if now > end {
      throw DynamoError(
        .invalidSignature,
        "Signature expired: \(date) is now earlier than \(RequestDate.text(now - (end - time))) (\(RequestDate.text(now)) - "
          + "\((end - time) / 60_000) min.)")
    }
    if time > now + RequestSignature.skewMax {
      throw DynamoError(
        .invalidSignature,
        "Signature not yet current: \(date) is still later than \(RequestDate.text(now + RequestSignature.skewMax)) "
          + "(\(RequestDate.text(now)) + 15 min.)")
    }
  }

  /// What the client signed, as this request has it.
  func stringToSign(_ request: borrowing HTTPRequest) -> String {
    var lines = [request.method, PercentCoding.encode(request.path, keepsSlash: true), canonicalQuery(request)]
    for name in signedHeaders { lines.append("\(name):\(RequestSignature.trimmed(request.header(named: name) ?? ""))") }
    lines += ["", signedHeaders.joined(separator: ";")]
    lines.append(Hashing.hexadecimal(Hashing.sha256(request.bodyAsSent)))
    let canonical = lines.joined(separator: "\n")
    return [
      SignatureScope.algorithm, date, scope.text, Hashing.hexadecimal(Hashing.sha256(Array(canonical.utf8))),
    ].joined(separator: "\n")
  }

  private func canonicalQuery(_ request: borrowing HTTPRequest) -> String {
    let pairs = request.query.filter { $0.name != "X-Amz-Signature" }.map { pair in
      (name: PercentCoding.encode(pair.name, keepsSlash: false), value: PercentCoding.encode(pair.value, keepsSlash: false))
    }
    let sorted = pairs.sorted { left, right in
      let order = Text.compare(left.name, right.name)
      return order == 0 ? Text.less(left.value, right.value) : order < 0
    }
    return sorted.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
  }

  /// Blanks at the ends away, several within as one.
  private static func trimmed(_ value: String) -> String {
    value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
  }
}

extension RequestSignature {
  /// A whole Authorization header up to and with `Signature=`, where that part is its last; nil otherwise.
  static func start(_ header: String) -> [UInt8]? {
    let bytes = Array(header.utf8)
    let mark = Array(", Signature=".utf8)
    guard let comma = bytes.lastIndex(of: UInt8(ascii: ",")), bytes[comma...].starts(with: mark) else { return nil }
    return Array(bytes[..<(comma + mark.count)])
  }

  /// Whether a header is `start` and hexadecimal digits after it.
  static func isWhole(_ header: String, after start: [UInt8]) -> Bool {
    var header = header
    return header.withUTF8 { header in
      guard header.count > start.count else { return false }
      for index in start.indices where header[index] != start[index] { return false }
      return header[start.count...].allSatisfy { $0 &- 48 < 10 || $0 &- 97 < 6 }
    }
  }
}

extension String {
  /// Where an ASCII text begins; nil when it does not occur.
  fileprivate func range(ofASCII text: StaticString) -> String.Index? {
    let wanted = Array("\(text)".utf8)
    return utf8.indices.first { utf8[$0...].starts(with: wanted) }
  }
}

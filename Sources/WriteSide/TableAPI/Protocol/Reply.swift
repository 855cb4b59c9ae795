internal import CZlib
internal import ChangeRecords
internal import DynamoModel
internal import Gzip
internal import HTTPServer

/// Writes a call's answer: JSON with the headers that DynamoDB's clients look at.
struct Reply: Sendable {
  private let responder: Responder
  private let requestID: String
  /// How bodies are compressed for the client; nil when it does not take that.
  private let coding: BodyCoding?
  /// For a request of a page that may call: the value of its `Access-Control-Allow-Origin`.
  private let allowedOrigin: String?
  /// Whether answers differ by the origin of a request.
  private let variesByOrigin: Bool
  private let isHead: Bool

  /// Bodies of at least this many bytes are compressed for clients that take that.
  static let compressedBytesMin = 4096

  init(_ request: borrowing HTTPRequest, _ responder: Responder, requestID: String, origins: OriginRules) {
    self.responder = responder
    self.requestID = requestID
    coding = request.header("Accept-Encoding").flatMap(BodyCoding.init(accepted:))
    let origin = request.header("Origin")
    allowedOrigin = origin.flatMap { origins.allows($0) ? origins.header(for: $0) : nil }
    variesByOrigin = origin != nil && origins != .everyone
    isHead = request.method == "HEAD"
  }

  func success(_ body: [UInt8], positions: [Position] = []) { responder.answer(response(body, positions)) }

  /// The same for a body that is written on the connection's own thread.
  func success(positions: [Position], _ write: @escaping @Sendable () -> [UInt8]) {
    responder.answer { response(write(), positions) }
  }

  private func response(_ body: [UInt8], _ positions: [Position]) -> HTTPResponse {
    var more: [(name: String, value: String)] = []
    if !positions.isEmpty {
      more.append(("x-afterimage-position", positions.map(\.description).joined(separator: ",")))
    }
    return response(200, body, more)
  }

  func failure(_ error: DynamoError) {
    let status: Int =
      switch error.code {
      case .internalServer: 500
      case .serviceUnavailable: 503
      default: 400
      }
    send(status, error.body, [])
  }

  /// Refuses a request whatever it asks for.
  func forbidden(_ reason: String) { send(403, DynamoError(.accessDenied, reason).body, []) }

  func healthy(host: String) {
    send(200, Array("healthy: \(host) ".utf8), [], contentType: "text/plain")
  }

  /// What a browser asks before a page of another origin may call.
  /// Echoes what it asks for. A request without an origin does not come from a page, and gets none of it.
  func preflight(method: String?, headers: String?) {
    var more: [(name: String, value: String)] = []
    if allowedOrigin != nil {
      more.append(("Access-Control-Max-Age", "172800"))
      if let method { more.append(("Access-Control-Allow-Methods", method)) }
      if let headers { more.append(("Access-Control-Allow-Headers", headers)) }
    }
    send(200, [], more, contentType: "text/plain")
  }

  /// To a request that calls no operation.
  func notFound() { send(404, DynamoError(.unknownOperation, "").body, []) }

  private func send(
    _ status: Int, _ body: [UInt8], _ more: [(name: String, value: String)], contentType: String = "application/x-amz-json-1.0"
  ) {
    responder.answer(response(status, body, more, contentType: contentType))
  }

  /// The checksum is that of the bytes as they are sent.
  private func response(
    _ status: Int, _ body: [UInt8], _ more: [(name: String, value: String)], contentType: String = "application/x-amz-json-1.0"
  ) -> HTTPResponse {
    var headers = Reply.headers(requestID, contentType) + more
    var sent = body
    if let coding, body.count >= Reply.compressedBytesMin, let compressed = GzipWriter.compress(body, coding.format) {
      sent = compressed
      headers.append(("Content-Encoding", coding.rawValue))
    }
    headers.append(Reply.checksumHeader(sent))
    if variesByOrigin { headers.append(("Vary", "Origin")) }
    if let allowedOrigin {
      headers.append(("Access-Control-Allow-Origin", allowedOrigin))
      headers.append(("Access-Control-Expose-Headers", "x-amzn-RequestId, x-amz-crc32, x-afterimage-position"))
    }
    return HTTPResponse(status: status, headers: headers, body: isHead ? [] : sent)
  }

  /// To a request of which nothing is known but that its head is too large.
  static func headTooLarge(requestID: String) -> HTTPResponse {
    let body = DynamoError(.serialization, "The request line and the headers are too large").body
    return HTTPResponse(
      status: 400, headers: headers(requestID, "application/x-amz-json-1.0") + [checksumHeader(body)], body: body)
  }

  private static func headers(_ requestID: String, _ contentType: String) -> [(name: String, value: String)] {
    [("Server", "Server"), ("Content-Type", contentType), ("x-amzn-RequestId", requestID)]
  }

  private static func checksumHeader(_ sent: [UInt8]) -> (name: String, value: String) { ("x-amz-crc32", "\(checksum(sent))") }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    UInt32(truncatingIfNeeded: bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) })
  }
}

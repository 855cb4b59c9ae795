internal import CZlib
internal import ChangeRecords
internal import DynamoModel
internal import HTTPServer

/// Writes a call's answer: JSON with the headers that DynamoDB's clients look at.
struct Reply: Sendable {
  private let responder: Responder
  private let requestID: String

  init(_ responder: Responder, requestID: String) {
    self.responder = responder
    self.requestID = requestID
  }

  func success(_ body: [UInt8], positions: [Position] = []) {
    var more: [(name: String, value: String)] = []
    if !positions.isEmpty {
      more.append(("x-afterimage-position", positions.map(\.description).joined(separator: ",")))
    }
    send(200, body, more)
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

  func healthy(host: String) {
    let body = Array("healthy: \(host) ".utf8)
    responder.answer(
      HTTPResponse(
        headers: [("Content-Type", "text/plain"), ("x-amzn-RequestId", requestID), ("x-amz-crc32", "\(Reply.checksum(body))")],
        body: body))
  }

  func notFound() {
    send(404, Array("<UnknownOperationException/>\n".utf8), [])
  }

  private func send(_ status: Int, _ body: [UInt8], _ more: [(name: String, value: String)]) {
    responder.answer(
      HTTPResponse(
        status: status,
        headers: [
          ("Content-Type", "application/x-amz-json-1.0"), ("x-amzn-RequestId", requestID), ("x-amz-crc32", "\(Reply.checksum(body))"),
        ] + more, body: body))
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    UInt32(truncatingIfNeeded: bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) })
  }
}

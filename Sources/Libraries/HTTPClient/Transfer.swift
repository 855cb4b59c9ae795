internal import CCurl

/// One request on its way, and what came of its answer.
///
/// `@unchecked Sendable`: after it was handed to the loop it belongs to the loop's thread.
final class Transfer: @unchecked Sendable {
  private let request: HTTPClient.Request
  private let timeoutMilliseconds: Int
  private let authorities: String?
  private let answerBytesMax: Int
  private let ended: @Sendable (Result<HTTPClient.Answer, HTTPClient.TransportError>) -> Void
  private var easy: UnsafeMutableRawPointer?
  private var list: UnsafeMutablePointer<curl_slist>?
  private var sent: UnsafeMutableBufferPointer<CChar>?
  private var headers: [String: String] = [:]
  private var body: [UInt8] = []
  /// The answer is longer than is wanted of it.
  private var isCut = false

  init(
    _ request: HTTPClient.Request, timeoutMilliseconds: Int, authorities: String?, answerBytesMax: Int,
    ended: @escaping @Sendable (Result<HTTPClient.Answer, HTTPClient.TransportError>) -> Void
  ) {
    self.request = request
    self.timeoutMilliseconds = timeoutMilliseconds
    self.authorities = authorities
    self.answerBytesMax = answerBytesMax
    self.ended = ended
  }

  deinit {
    curl_easy_cleanup(easy)
    curl_slist_free_all(list)
    sent?.deallocate()
  }

  func fail(_ reason: String) { ended(.failure(HTTPClient.TransportError(reason: reason))) }

  /// Answers whether it is under way. `multi` holds a reference until it has ended.
  func begin(in multi: UnsafeMutableRawPointer) -> Bool {
    guard let easy = curl_easy_init() else {
      fail("out of memory")
      return false
    }
    self.easy = easy
    // An answer is not waited for before a body is sent.
    list = curl_slist_append(nil, "Expect:")
    for (name, value) in request.headers {
      // Of a header without a value libcurl makes none, unless it is written so.
      let line = value.utf8.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } ? "\(name);" : "\(name): \(value)"
      if !line.utf8.contains(where: { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }) {
        list = curl_slist_append(list, line)
      }
    }
    if let body = request.body {
      let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(body.count, 1))
      body.withUnsafeBytes { UnsafeMutableRawBufferPointer(copy).copyMemory(from: $0) }
      sent = copy
    }
    let context = Unmanaged.passRetained(self)
    afterimage_curl_prepare(
      easy, request.method, request.url, sent?.baseAddress, request.body?.count ?? 0, list, timeoutMilliseconds, authorities,
      { bytes, size, count, context in Transfer.take(bytes, size * count, context) { $0.takeBody($1) } },
      { bytes, size, count, context in
        Transfer.take(bytes, size * count, context) {
          $0.takeHeader($1)
          return true
        }
      }, context.toOpaque())
    guard curl_multi_add_handle(multi, easy) == CURLM_OK else {
      context.release()
      fail("out of memory")
      return false
    }
    return true
  }

  func end(status: Int, failure: String?) {
    if let failure, !isCut { return fail(failure) }
    ended(.success(HTTPClient.Answer(status: status, headers: headers, body: body)))
  }

  private static func take(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    use: (Transfer, UnsafeRawBufferPointer) -> Bool
  ) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    // Another number than what came ends the transfer.
    return use(transfer, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
  }

  private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let room = answerBytesMax - body.count
    body += bytes.prefix(room)
    isCut = bytes.count > room
    return !isCut
  }

  private func takeHeader(_ line: UnsafeRawBufferPointer) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
    let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }.prefix { $0 != 0x0D && $0 != 0x0A }
    headers[String(decoding: line[..<colon], as: UTF8.self).lowercased()] = String(decoding: value, as: UTF8.self)
  }
}

internal import CMicroHTTPD
internal import Synchronization

/// One request and its answer on a connection.
///
/// libmicrohttpd calls `proceed` on one of its threads: with the headers, with each part of the body, at the body's end, and
/// again after a resume. The answer comes from any thread. Whether the connection must be suspended, or resumed, is
/// decided under the lock: an answer that comes while the handler still runs is queued when it returns and nothing is
/// suspended; one that comes later finds the connection suspended and resumes it.
///
/// @unchecked: `connection` and the fields of the receiving phase are touched only by the connection's own thread, which
/// libmicrohttpd does not change; all else is behind the lock.
final class Exchange: @unchecked Sendable {
  /// An answer, or what writes it.
  enum Answer {
    case ready(HTTPResponse)
    case written(@Sendable () -> HTTPResponse)

    /// To be asked on the connection's thread, outside of the lock.
    var response: HTTPResponse {
      switch self {
      case .ready(let response): response
      case .written(let write): write()
      }
    }
  }

  private enum Phase {
    case receiving
    /// The handler runs.
    case handling
    case suspended
    /// There is an answer, to be queued on the connection's thread.
    case answered(Answer)
    /// The answer is with libmicrohttpd, or the connection is gone.
    case done
  }

  private let core: ServerCore
  private let target: String
  private let phase = Mutex(Phase.receiving)

  private var connection: OpaquePointer?
  private var method = ""
  private var hasHeaders = false
  private var isCounted = false
  private var body: [UInt8] = []
  private var refused: HTTPResponse?

  init(core: ServerCore, target: String) {
    self.core = core
    self.target = target
  }

  // MARK: On the connection's thread

  func proceed(
    _ connection: OpaquePointer, method: UnsafePointer<CChar>, data: UnsafePointer<CChar>?, size: UnsafeMutablePointer<Int>
  ) -> MHD_Result {
    guard hasHeaders else {
      hasHeaders = true
      self.connection = connection
      self.method = String(cString: method)
      return headersArrived(connection)
    }
    if size.pointee > 0 {
      defer { size.pointee = 0 }
      return bodyArrived(UnsafeRawBufferPointer(start: data, count: size.pointee))
    }
    let queued: Answer? = phase.withLock { phase in
      guard case .answered(let answer) = phase else { return nil }
      phase = .done
      return answer
    }
    if let queued { return queue(queued.response, on: connection) }
    return handle(connection)
  }

  private func headersArrived(_ connection: OpaquePointer) -> MHD_Result {
    move(to: .body, connection)
    if mhd_head_size(connection) > core.settings.headerBytesMax {
      // Nothing more is read, as when libmicrohttpd itself finds the head too large.
      phase.withLock { $0 = .done }
      var answer = core.headTooLarge()
      answer.headers.append(("Connection", "close"))
      return queue(answer, on: connection)
    }
    guard let length = HTTPRequest.header(connection, "Content-Length").flatMap({ Int($0) }) else { return mhd_yes }
    if length > Exchange.discardFactorMax * core.settings.requestBodyBytesMax {
      // Before the body: the connection ends with this answer, nothing more is read.
      phase.withLock { $0 = .done }
      return queue(core.tooLarge, on: connection)
    }
    if length > core.settings.requestBodyBytesMax {
      // A client that is still sending would see a broken connection rather than the answer: let it finish.
      refused = core.tooLarge
      return mhd_yes
    }
    // What is announced is not there yet: a client could announce much on many connections.
    body.reserveCapacity(min(length, Exchange.reserveMax))
    return mhd_yes
  }

  private func bodyArrived(_ part: UnsafeRawBufferPointer) -> MHD_Result {
    if refused == nil, body.count + part.count <= core.settings.requestBodyBytesMax {
      body.append(contentsOf: part)
      return mhd_yes
    }
    // Too large: the rest is read and dropped, for a while, so that the client gets to the answer.
    discarded += body.count + part.count
    body = []
    refused = core.tooLarge
    return discarded <= Exchange.discardFactorMax * core.settings.requestBodyBytesMax ? mhd_yes : mhd_no
  }

  /// How many times the largest body is read and dropped when a client sends too much.
  private static let discardFactorMax = 4

  /// Bytes of a body that are made room for before they come.
  private static let reserveMax = 1 << 20

  private var discarded = 0

  private func move(to stage: RequestProgress.Stage, _ connection: OpaquePointer?) {
    guard let connection, let pointer = mhd_connection_context(connection) else { return }
    Unmanaged<RequestProgress>.fromOpaque(pointer).takeUnretainedValue().move(to: stage)
  }

  private func handle(_ connection: OpaquePointer) -> MHD_Result {
    move(to: .inHand, connection)
    let sent = body
    if refused == nil, !body.isEmpty, let coding = HTTPRequest.header(connection, "Content-Encoding") { decode(coding) }
    if let refused {
      phase.withLock { $0 = .done }
      return queue(refused, on: connection)
    }
    guard core.requestBegins() else {
      phase.withLock { $0 = .done }
      return queue(core.stopping, on: connection)
    }
    isCounted = true
    phase.withLock { $0 = .handling }
    let request = HTTPRequest(connection: connection, method: method, target: target, body: body, bodyAsSent: sent)
    body = []
    core.handler(request, Responder(self))
    let queued: Answer? = phase.withLock { phase in
      switch phase {
      case .answered(let answer):
        phase = .done
        return answer
      case .handling where core.suspends(self):
        phase = .suspended
        ConnectionHandle(connection).suspend()
        return nil
      case .handling:
        phase = .done
        return .ready(core.stopping)
      default: return nil
      }
    }
    if let queued { return queue(queued.response, on: connection) }
    return mhd_yes
  }

  private func decode(_ coding: String) {
    switch coding.lowercased() {
    case "identity": break
    case "gzip", "x-gzip": inflate(.gzip, coding)
    case "deflate": inflate(.zlib, coding)
    default: refused = .text(415, "Content-Encoding \(coding) is not known; gzip and deflate are.")
    }
  }

  private func inflate(_ format: Gzip.Format, _ coding: String) {
    switch Gzip.inflate(body, format, bytesMax: core.settings.requestBodyBytesMax) {
    case .bytes(let bytes): body = bytes
    case .tooLarge: refused = core.tooLarge
    case .corrupt: refused = .text(400, "The body is not \(coding).")
    }
  }

  private func queue(_ response: HTTPResponse, on connection: OpaquePointer) -> MHD_Result {
    guard let native = core.native(response, ConnectionHandle(connection)) else { return mhd_no }
    for header in response.headers { MHD_add_response_header(native, header.name, header.value) }
    let result = OwnAnswers.queue(connection, UInt32(response.status), native)
    MHD_destroy_response(native)
    return result == mhd_yes.rawValue ? mhd_yes : mhd_no
  }

  /// The answer has been sent, or the client is gone.
  func completed() {
    move(to: .head, connection)
    // What an answer that was not asked for holds is let go of outside of the lock: it may be the responder.
    let last = phase.withLock { phase in
      defer { phase = .done }
      return phase
    }
    withExtendedLifetime(last) {}
    if isCounted { core.requestEnds() }
  }

  // MARK: From any thread

  func answer(_ answer: Answer) {
    let dropped: ResponseStream? = phase.withLock { phase in
      switch phase {
      case .handling:
        phase = .answered(answer)
        return nil
      case .suspended:
        phase = .answered(answer)
        core.resumes(self)
        if let connection { ConnectionHandle(connection).resume() }
        return nil
      case .receiving, .answered, .done:
        if case .ready(let response) = answer, case .stream(let stream) = response.body { return stream }
        return nil
      }
    }
    dropped?.abandon()
  }
}

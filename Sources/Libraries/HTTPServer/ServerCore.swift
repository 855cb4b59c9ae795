internal import CMicroHTTPD
internal import Dispatch
internal import Synchronization

/// What the callbacks of one server share: the handler, the limits, and who is waiting.
final class ServerCore: Sendable {
  let settings: HTTPServer.Settings
  let handler: HTTPServer.Handler
  let tooLarge: HTTPResponse
  let headTooLarge: @Sendable () -> HTTPResponse
  let stopping = HTTPResponse(
    status: 503, headers: [("Connection", "close"), ("Content-Type", "text/plain; charset=utf-8")],
    body: Array("The server is stopping.\n".utf8))

  private struct State {
    /// No new request is taken.
    var isStopping = false
    /// Nothing may wait any more.
    var isClosing = false
    var suspended: [ObjectIdentifier: Exchange] = [:]
    var streams: [ObjectIdentifier: ResponseStream] = [:]
  }

  private let state = Mutex(State())
  private let inHand = DispatchGroup()
  let watch: HangUpWatch
  let connections = ConnectionCounts()

  init(_ settings: HTTPServer.Settings, _ handler: @escaping HTTPServer.Handler) {
    self.settings = settings
    self.handler = handler
    headTooLarge =
      settings.headTooLarge ?? { .text(431, "The request line and headers take more than \(settings.headerBytesMax) bytes.") }
    watch = HangUpWatch(headSecondsMax: settings.headSecondsMax, bodySecondsMax: settings.bodySecondsMax)
    tooLarge = HTTPResponse(
      status: 413, headers: [("Connection", "close"), ("Content-Type", "text/plain; charset=utf-8")],
      body: Array("The body is larger than \(settings.requestBodyBytesMax) bytes.\n".utf8))
  }

  // MARK: Requests in hand

  /// False when the server takes no more.
  func requestBegins() -> Bool {
    state.withLock { state in
      guard !state.isStopping else { return false }
      inHand.enter()
      return true
    }
  }

  func requestEnds() { inHand.leave() }

  /// Notes that the exchange is about to be suspended; false when it may not be.
  func suspends(_ exchange: Exchange) -> Bool {
    state.withLock { state in
      guard !state.isClosing else { return false }
      state.suspended[ObjectIdentifier(exchange)] = exchange
      return true
    }
  }

  func resumes(_ exchange: Exchange) { state.withLock { _ = $0.suspended.removeValue(forKey: ObjectIdentifier(exchange)) } }

  // MARK: Streams

  func streamBegins(_ stream: ResponseStream, _ connection: ConnectionHandle) {
    // An endless stream does not hold up the stop: it is not waited for.
    let isStopping = state.withLock { state in
      state.streams[ObjectIdentifier(stream)] = stream
      return state.isStopping
    }
    if isStopping { stream.finish() } else { watch.add(connection.socket, stream) }
  }

  func streamEnds(_ stream: ResponseStream) {
    watch.remove(stream)
    state.withLock { _ = $0.streams.removeValue(forKey: ObjectIdentifier(stream)) }
  }

  // MARK: Stop

  /// Takes no more requests and waits for those in hand; then answers those that still wait with 503. Afterwards no
  /// connection is suspended, which libmicrohttpd asks for before it stops.
  func drain(within seconds: Double) {
    let streams = state.withLock { state in
      state.isStopping = true
      return Array(state.streams.values)
    }
    for stream in streams { stream.finish() }
    let lastAnswers = 0.2
    if inHand.wait(timeout: .now() + seconds - lastAnswers) == .success { return }
    let (waiting, late) = state.withLock { state in
      state.isClosing = true
      return (Array(state.suspended.values), Array(state.streams.values))
    }
    for exchange in waiting { exchange.answer(.ready(stopping)) }
    for stream in late { stream.finish() }
    _ = inHand.wait(timeout: .now() + lastAnswers)
  }

  func close() { watch.close() }

  // MARK: Native responses

  func native(_ response: HTTPResponse, _ connection: ConnectionHandle) -> OpaquePointer? {
    switch response.body {
    case .bytes(let bytes):
      return bytes.withUnsafeBytes { raw in
        mhd_response(raw.baseAddress, raw.count)
      }
    case .stream(let stream):
      guard stream.attach(to: connection, of: self) else { return nil }
      streamBegins(stream, connection)
      let context = Unmanaged.passRetained(stream).toOpaque()
      return mhd_streamed_response(
        ResponseStream.blockBytes,
        { context, _, buffer, capacity in
          guard let context, let buffer else { return mhd_end_with_error }
          let stream = Unmanaged<ResponseStream>.fromOpaque(context).takeUnretainedValue()
          return stream.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: capacity))
        }, context,
        { context in
          guard let context else { return }
          Unmanaged<ResponseStream>.fromOpaque(context).takeRetainedValue().released()
        })
    }
  }
}

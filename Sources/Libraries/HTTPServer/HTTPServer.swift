internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// An HTTP/1.1 server on libmicrohttpd's epoll threads. Knows bytes and headers, nothing of what they mean.
///
/// The handler is called on a server thread with the whole request and must not block: what takes long is done elsewhere,
/// and answered there, while the connection is suspended and costs no thread. Any number of servers may run in a process.
package final class HTTPServer: Sendable {
  package typealias Handler = @Sendable (borrowing HTTPRequest, Responder) -> Void

  package struct Settings: Sendable {
    /// A numeric IP address. Loopback unless said otherwise.
    package var address: String
    /// 0 lets the system choose; see `HTTPServer.port`.
    package var port: UInt16
    package var threads: Int
    /// Of a body, also after inflating it; more is answered with status 413.
    package var requestBodyBytesMax: Int
    /// Of the request line and headers together; more is answered with status 431. Memory of each connection, wiped after
    /// each request.
    package var headerBytesMax: Int
    package var connectionsMax: Int
    /// A connection without a request for so long is closed.
    package var idleSecondsMax: Int
    /// A request's head must be whole so long after its first byte (over TLS, after the first of the handshake), else the connection is
    /// closed: so a client that sends a byte now and then does not hold one forever.
    package var headSecondsMax: Int
    /// The same for its body, after the head.
    package var bodySecondsMax: Int
    /// TLS with this certificate; nil for plain HTTP. See `HTTPServer.reload` for the next one.
    package var identity: TLSIdentity?

    package init(
      address: String = "127.0.0.1", port: UInt16 = 0, threads: Int = 2, requestBodyBytesMax: Int = 16 << 20,
      headerBytesMax: Int = 16 << 10, connectionsMax: Int = 4096, idleSecondsMax: Int = 300,
      headSecondsMax: Int = 30, bodySecondsMax: Int = 300,
      identity: TLSIdentity? = nil
    ) {
      self.identity = identity
      self.address = address
      self.port = port
      self.threads = threads
      self.requestBodyBytesMax = requestBodyBytesMax
      self.headerBytesMax = headerBytesMax
      self.connectionsMax = connectionsMax
      self.idleSecondsMax = idleSecondsMax
      self.headSecondsMax = headSecondsMax
      self.bodySecondsMax = bodySecondsMax
    }
  }

  /// Requests in hand have so long to finish when the server stops.
  package static let stopSecondsMax = 2.0

  /// The port that the server listens on.
  package let port: UInt16
  package let address: String

  private let core: ServerCore
  private let identity: TLSIdentity?
  private let state: Mutex<State>

  private struct State {
    /// Takes new connections; nil before the start and when the server has stopped.
    var current: Daemon?
    /// The socket that `current` listens on; -1 when it is closed.
    var socket: Int32
    /// Serve the connections that came before a new certificate.
    var retired: [Daemon] = []
  }

  /// Has the port from now on; whoever connects waits until `start`.
  package init(_ settings: Settings = Settings(), handler: @escaping Handler) throws(HTTPServerError) {
    let (socket, port) = try ListeningSocket.open(settings.address, settings.port)
    self.port = port
    address = settings.address
    identity = settings.identity
    core = ServerCore(settings, handler)
    state = Mutex(State(current: nil, socket: socket))
  }

  /// Begins to serve. To be called once; throws when the system gives no threads, or the certificate or key cannot be used.
  package func start() throws(HTTPServerError) {
    let isServing = state.withLock { state in
      guard state.current == nil, state.socket >= 0 else { return true }
      state.current = HTTPServer.start(core, state.socket, identity)
      // libmicrohttpd has closed the socket when it could not start: its number may be somebody else's by now.
      if state.current == nil { state.socket = -1 }
      return state.current != nil
    }
    guard !isServing else { return }
    throw HTTPServerError(
      address: address, port: port,
      reason: identity == nil
        ? "libmicrohttpd could not start its threads" : "libmicrohttpd could not start with this certificate and key",
      isPortTaken: false)
  }

  /// A server that serves at once.
  package static func serving(_ settings: Settings = Settings(), handler: @escaping Handler) throws(HTTPServerError) -> HTTPServer
  {
    let server = try HTTPServer(settings, handler: handler)
    try server.start()
    return server
  }

  deinit { stop() }

  /// Serves new connections with another certificate; those that are open go on with the one they have. False, and nothing
  /// changes, when the certificate or key cannot be used.
  package func reload(_ identity: TLSIdentity) -> Bool {
    state.withLock { state in
      guard let current = state.current else { return false }
      let socket = dup(state.socket)
      // As in `start`: when libmicrohttpd cannot start it has closed the socket.
      guard socket >= 0, let daemon = HTTPServer.start(core, socket, identity) else { return false }
      let old = MHD_quiesce_daemon(current.pointer)
      if old >= 0 { close(old) }
      state.retired.append(current)
      state.current = daemon
      state.socket = socket
      return true
    }
  }

  /// Lets go of what served connections that have all ended. To be called now and then after a `reload`.
  package func retire() {
    let idle = state.withLock { state in
      let idle = state.retired.filter { mhd_connection_count($0.pointer) == 0 }
      state.retired.removeAll { retired in idle.contains { $0.pointer == retired.pointer } }
      return idle
    }
    for daemon in idle { HTTPServer.end(daemon) }
  }

  /// Stops accepting, lets the requests in hand finish for at most `stopSecondsMax`, ends streams, and closes. Blocks; a
  /// second call does nothing. Not to be called from a handler.
  package func stop() {
    let (current, retired, unused) = state.withLock { state in
      defer { (state.current, state.retired, state.socket) = (nil, [], -1) }
      return (state.current, state.retired, state.current == nil ? state.socket : -1)
    }
    if unused >= 0 { close(unused) }
    guard let current else { return }
    let socket = MHD_quiesce_daemon(current.pointer)
    if socket >= 0 { close(socket) }
    core.drain(within: HTTPServer.stopSecondsMax)
    for daemon in [current] + retired { HTTPServer.end(daemon) }
    core.close()
  }

  private static func end(_ daemon: Daemon) {
    MHD_stop_daemon(daemon.pointer)
    daemon.free()
  }

  /// The callbacks' context is the core, which the server holds until the daemon has stopped.
  private static func start(_ core: ServerCore, _ socket: Int32, _ identity: TLSIdentity?) -> Daemon? {
    Daemon(identity) { key, certificate in start(core, socket, key: key, certificate: certificate) }
  }

  private static func start(
    _ core: ServerCore, _ socket: Int32, key: UnsafePointer<CChar>?, certificate: UnsafePointer<CChar>?
  ) -> OpaquePointer? {
    let context = Unmanaged.passUnretained(core).toOpaque()
    return mhd_start(
      socket, UInt32(core.settings.threads), core.settings.headerBytesMax, UInt32(core.settings.connectionsMax),
      UInt32(core.settings.idleSecondsMax),
      { _, connection, _, method, _, data, size, exchange in
        guard let connection, let method, let size, let pointer = exchange?.pointee else { return mhd_no }
        let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
        return exchange.proceed(connection, method: method, data: data, size: size)
      },
      { _, _, exchange, _ in
        guard let pointer = exchange?.pointee else { return }
        exchange?.pointee = nil
        Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue().completed()
      },
      { context, target, _ in
        guard let context, let target else { return nil }
        let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        return Unmanaged.passRetained(Exchange(core: core, target: String(cString: target))).toOpaque()
      },
      { context, connection, progress, event in
        guard let context, let connection else { return }
        let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        let socket = mhd_connection_socket(connection)
        if event == mhd_connection_started {
          let new = RequestProgress()
          progress?.pointee = Unmanaged.passRetained(new).toOpaque()
          core.watch.opened(socket, new)
        } else {
          core.watch.closed(socket)
          if let old = progress?.pointee { Unmanaged<RequestProgress>.fromOpaque(old).release() }
          progress?.pointee = nil
        }
      }, context, key, certificate)
  }
}

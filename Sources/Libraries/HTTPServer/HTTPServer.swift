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
    /// Of the request line and headers together; more is answered with `headTooLarge`. Very many headers are too large before that, for what
    /// it takes to keep them.
    package var headerBytesMax: Int
    /// Called on a server thread for each head that is too large; its body must be bytes. Nil for a text with status 431.
    package var headTooLarge: (@Sendable () -> HTTPResponse)?
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
      identity: TLSIdentity? = nil, headTooLarge: (@Sendable () -> HTTPResponse)? = nil
    ) {
      self.headTooLarge = headTooLarge
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
  /// What a connection's memory holds beside a head of the largest size: what it takes to keep the headers, and the head of the answer. The
  /// memory is wiped after each request. A head that leaves no room for an answer's, some 300 bytes before it is too large for libmicrohttpd
  /// itself, ends the connection without one.
  static let spareHeadBytes = 4096
  /// Connections beyond `connectionsMax` that a daemon would take: the acceptor keeps the limit, and libmicrohttpd, which divides its own by
  /// threads, must not refuse what was accepted.
  private static let spareConnections = 1 << 16

  /// The port that the server listens on.
  package let port: UInt16
  package let address: String

  private let core: ServerCore
  private let identity: TLSIdentity?
  private let daemons: Daemons
  private let acceptance: Mutex<Acceptance>

  private enum Acceptance {
    /// Bound and listening; nobody accepts yet.
    case bound(Int32)
    case accepting(Acceptor)
    case ended
  }

  /// Has the port from now on; whoever connects waits until `start`.
  package init(_ settings: Settings = Settings(), handler: @escaping Handler) throws(HTTPServerError) {
    let (socket, port) = try ListeningSocket.open(settings.address, settings.port)
    self.port = port
    address = settings.address
    identity = settings.identity
    core = ServerCore(settings, handler)
    daemons = Daemons()
    acceptance = Mutex(.bound(socket))
  }

  /// Begins to serve. To be called once; throws when the system gives no threads, or the certificate or key cannot be used: then the port is
  /// free again.
  package func start() throws(HTTPServerError) {
    let reason: String? = acceptance.withLock { acceptance in
      guard case .bound(let socket) = acceptance else { return nil }
      acceptance = .ended
      guard let daemon = HTTPServer.start(core, identity) else {
        close(socket)
        return identity == nil
          ? "libmicrohttpd could not start its threads" : "libmicrohttpd could not start with this certificate and key"
      }
      daemons.replace(with: daemon)
      do {
        let daemons = daemons
        let limit = core.settings.connectionsMax
        acceptance = .accepting(
          try Acceptor(socket, counts: core.connections, connectionsMax: limit) { connection, address, length in
            daemons.serve(connection, address, length)
          })
        return nil
      } catch {
        for daemon in daemons.end() { HTTPServer.end(daemon) }
        return "\(error)"
      }
    }
    if let reason { throw HTTPServerError(address: address, port: port, reason: reason, isPortTaken: false) }
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
    guard daemons.isServing, let daemon = HTTPServer.start(core, identity) else { return false }
    guard daemons.replace(with: daemon) else {
      HTTPServer.end(daemon)
      return false
    }
    return true
  }

  /// Lets go of what served connections that have all ended. To be called now and then after a `reload`.
  package func retire() {
    for daemon in daemons.idle() { HTTPServer.end(daemon) }
  }

  /// Stops accepting, lets the requests in hand finish for at most `stopSecondsMax`, ends streams, and closes. Blocks; a
  /// second call does nothing. Not to be called from a handler.
  package func stop() {
    let last = acceptance.withLock { acceptance in
      defer { acceptance = .ended }
      return acceptance
    }
    switch last {
    case .ended: return
    case .bound(let socket): close(socket)
    case .accepting(let acceptor):
      acceptor.stop()
      core.drain(within: HTTPServer.stopSecondsMax)
      for daemon in daemons.end() { HTTPServer.end(daemon) }
      core.close()
    }
  }

  private static func end(_ daemon: Daemon) {
    MHD_stop_daemon(daemon.pointer)
    daemon.free()
  }

  /// The callbacks' context is the core, which the server holds until the daemon has stopped.
  private static func start(_ core: ServerCore, _ identity: TLSIdentity?) -> Daemon? {
    Daemon(identity) { key, certificate in start(core, key: key, certificate: certificate) }
  }

  private static func start(
    _ core: ServerCore, key: UnsafePointer<CChar>?, certificate: UnsafePointer<CChar>?
  ) -> OpaquePointer? {
    let context = Unmanaged.passUnretained(core).toOpaque()
    return mhd_start(
      UInt32(core.settings.threads), core.settings.headerBytesMax + spareHeadBytes,
      UInt32(core.settings.connectionsMax + spareConnections),
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
          let new = RequestProgress(headTooLarge: core.headTooLarge)
          progress?.pointee = Unmanaged.passRetained(new).toOpaque()
          core.connections.opened()
          core.watch.opened(socket, new)
        } else {
          core.watch.closed(socket)
          core.connections.closed()
          if let old = progress?.pointee { Unmanaged<RequestProgress>.fromOpaque(old).release() }
          progress?.pointee = nil
        }
      }, context, key, certificate)
  }
}

internal import CMicroHTTPD
internal import Glibc

/// Why a server could not start: what, and on which address and port.
package struct HTTPServerError: Error, Sendable, CustomStringConvertible {
  package let address: String
  package let port: UInt16
  package let reason: String
  /// Whether another process listens there already.
  package let isPortTaken: Bool

  package var description: String { "cannot listen on \(address):\(port): \(reason)" }
}

/// A bound and listening TCP socket, made here rather than by libmicrohttpd, which does not say why it failed.
enum ListeningSocket {
  static let backlog: Int32 = 1024

  /// The socket, which does not block, and the port it got.
  static func open(_ address: String, _ port: UInt16) throws(HTTPServerError) -> (socket: Int32, port: UInt16) {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address, String(port), &hints, &found) == 0, let info = found?.pointee else {
      throw HTTPServerError(address: address, port: port, reason: "not a numeric IP address", isPortTaken: false)
    }
    defer { freeaddrinfo(found) }
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let handle = socket(info.ai_family, info.ai_socktype | flags, info.ai_protocol)
    guard handle >= 0 else { throw failure(address, port) }
    var yes: Int32 = 1
    setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, UInt32(MemoryLayout<Int32>.size))
    guard bind(handle, info.ai_addr, info.ai_addrlen) == 0, listen(handle, backlog) == 0 else {
      let error = failure(address, port)
      close(handle)
      throw error
    }
    return (handle, boundPort(handle))
  }

  private static func failure(_ address: String, _ port: UInt16) -> HTTPServerError {
    let code = errno
    let reason = code == EADDRINUSE ? "the port is in use by another process" : String(cString: strerror(code))
    return HTTPServerError(address: address, port: port, reason: reason, isPortTaken: code == EADDRINUSE)
  }

  private static func boundPort(_ handle: Int32) -> UInt16 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutableBytes(of: &storage) { raw in
      guard let base = raw.baseAddress else { return 0 }
      getsockname(handle, base.assumingMemoryBound(to: sockaddr.self), &length)
      // The port stands at the same place for IPv4 and IPv6.
      return UInt16(bigEndian: base.load(fromByteOffset: 2, as: UInt16.self))
    }
  }
}

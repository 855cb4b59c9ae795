internal import Foundation
internal import Glibc

/// Stands between clients and a server on this machine, and has what passes looked at. Listens on loopback until the value is gone.
package final class LoopbackProxy: Sendable {
  /// Where the server is.
  package enum Server: Sendable {
    /// A socket in the file system.
    case socket(String)
    /// A port of loopback.
    case port(UInt16)
  }

  /// Looks at one connection.
  package protocol Watcher {
    /// A client has sent bytes, which have been passed on.
    mutating func sent(_ bytes: ArraySlice<UInt8>)
    /// The server answers: whether that is passed on, or the connection cut.
    mutating func passes(_ answer: ArraySlice<UInt8>) -> Bool
  }

  private let listener: Int32
  package let port: UInt16

  /// `watch` makes what looks at a connection.
  package init(_ server: Server, watch: @escaping @Sendable () -> any Watcher) throws {
    // Not inherited by the processes that tests start: they would keep what is cut open.
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = LoopbackProxy.loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = listener
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        bind(socket, raw, length) | listen(socket, 64) | getsockname(socket, raw, &length)
      }
    }
    guard code == 0 else { throw PostgresTestError("the proxy does not listen: \(String(cString: strerror(errno)))") }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread {
      while true {
        let client = accept(socket, nil, nil)
        guard client >= 0 else { return }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        Thread.detachNewThread { LoopbackProxy.serve(client, server, watch()) }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
  }

  /// A connection to the server; below 0 where there is none.
  private static func connection(to server: Server) -> Int32 {
    func connected(_ family: Int32, _ address: some Any) -> Int32 {
      let end = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      let code = withUnsafeBytes(of: address) { bytes in
        bytes.baseAddress.map { connect(end, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) } ?? -1
      }
      guard code != 0 else { return end }
      close(end)
      return -1
    }
    switch server {
    case .port(let port): return connected(AF_INET, loopback(port))
    case .socket(let path):
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
      return connected(AF_UNIX, address)
    }
  }

  private static func serve(_ client: Int32, _ target: Server, _ watcher: any Watcher) {
    var watcher = watcher
    let server = connection(to: target)
    defer {
      close(client)
      if server >= 0 { close(server) }
    }
    guard server >= 0 else { return }
    // An end that was killed takes nothing: that must not end the tests.
    let flags = Int32(MSG_NOSIGNAL)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      var ends = [pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0)]
      guard poll(&ends, 2, -1) > 0 || errno == EINTR else { return }
      if ends[0].revents != 0 {
        let count = read(client, &buffer, buffer.count)
        guard count > 0, send(server, buffer, count, flags) == count else { return }
        watcher.sent(buffer[..<count])
      }
      if ends[1].revents != 0 {
        let count = read(server, &buffer, buffer.count)
        guard count > 0, watcher.passes(buffer[..<count]), send(client, buffer, count, flags) == count else { return }
      }
    }
  }
}

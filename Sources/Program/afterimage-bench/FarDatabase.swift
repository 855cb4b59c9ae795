internal import Foundation
internal import Glibc

/// Puts a database on this machine so far away that each message takes a while: what workers do then is bounded by waiting, not by the machine's processors.
final class FarDatabase: Sendable {
  private let listener: Int32
  private let port: UInt16

  /// Listens on loopback for connections to the port of loopback, until the value is gone. `delay` is added in each direction.
  init(port target: UInt16, delay: Duration) throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = FarDatabase.loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = listener
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        bind(socket, raw, length) | listen(socket, 64) | getsockname(socket, raw, &length)
      }
    }
    guard code == 0 else { throw BenchError("nothing listens for the database: \(String(cString: strerror(errno)))") }
    port = UInt16(bigEndian: address.sin_port)
    let microseconds = UInt32(delay / .microseconds(1))
    Thread.detachNewThread {
      while true {
        let client = accept(socket, nil, nil)
        guard client >= 0 else { return }
        let server = FarDatabase.connect(target)
        var on: Int32 = 1
        for end in [client, server] { setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size)) }
        for (from, to) in [(client, server), (server, client)] {
          Thread.detachNewThread { FarDatabase.carry(from, to, microseconds) }
        }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// The URL of a database by way of here.
  func url(_ url: String) throws -> String {
    guard var parts = URLComponents(string: url) else { throw BenchError("the database's URL has no host and port") }
    parts.host = "127.0.0.1"
    parts.port = Int(port)
    parts.queryItems = [.init(name: "sslmode", value: "disable"), .init(name: "gssencmode", value: "disable")]
    return parts.string ?? url
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
  }

  private static func connect(_ port: UInt16) -> Int32 {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return server
  }

  /// One direction, until either end is closed; the ends stay open until the process ends, which is the bench's.
  private static func carry(_ from: Int32, _ to: Int32, _ microseconds: UInt32) {
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(from, &buffer, buffer.count)
      guard count > 0 else { break }
      usleep(microseconds)
      var sent = 0
      while sent < count {
        let next = buffer.withUnsafeBytes { send(to, $0.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL)) }
        guard next > 0 else { break }
        sent += next
      }
      if sent < count { break }
    }
    shutdown(from, Int32(SHUT_RDWR))
    shutdown(to, Int32(SHUT_RDWR))
  }
}

import Foundation
import Glibc
import Synchronization

/// Stands between workers and a table server, and counts the effects that are asked for: by the bytes of a request, which are the same whenever an effect is
/// asked for again, and differ between two effects.
final class EffectCounter: Sendable {
  private let listener: Int32
  private let port: UInt16
  private let counts = Counts()

  /// Held by the threads as well.
  private final class Counts: Sendable {
    let all = Mutex<[[UInt8]: Int]>([:])

    func add(_ body: [UInt8]) { all.withLock { $0[body, default: 0] += 1 } }
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Listens on loopback until the value is gone; `server` is the table server's URL on loopback.
  init(_ server: String) throws {
    guard let target = server.split(separator: ":").last.flatMap({ UInt16($0) }) else { throw Failure(description: server) }
    // Not inherited by processes that tests start: they would keep what is closed open.
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = EffectCounter.loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = listener
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        bind(socket, raw, length) | listen(socket, 64) | getsockname(socket, raw, &length)
      }
    }
    guard code == 0 else { throw Failure(description: "it does not listen: \(String(cString: strerror(errno)))") }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [counts] in
      while true {
        let client = accept(socket, nil, nil)
        guard client >= 0 else { return }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        Thread.detachNewThread {
          EffectCounter.serve(client, target) { counts.add($0) }
        }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  var url: String { "http://127.0.0.1:\(port)" }

  /// How often each effect was asked for.
  var asked: [Int] { counts.all.withLock { Array($0.values) } }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
  }

  private static func serve(_ client: Int32, _ target: UInt16, _ count: ([UInt8]) -> Void) {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer {
      close(client)
      close(server)
    }
    var address = loopback(target)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var requests = Requests()
    // An end that was killed takes nothing: that must not end the tests.
    let flags = Int32(MSG_NOSIGNAL)
    while true {
      var ends = [pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0)]
      guard poll(&ends, 2, -1) > 0 || errno == EINTR else { return }
      if ends[0].revents != 0 {
        let size = read(client, &buffer, buffer.count)
        guard size > 0, send(server, buffer, size, flags) == size else { return }
        for body in requests.add(buffer[..<size]) { count(body) }
      }
      if ends[1].revents != 0 {
        let size = read(server, &buffer, buffer.count)
        guard size > 0, send(client, buffer, size, flags) == size else { return }
      }
    }
  }

  /// The requests of one connection, as their bytes come.
  private struct Requests {
    private var bytes: [UInt8] = []

    /// The bodies of the effects whose last byte has come.
    mutating func add(_ more: ArraySlice<UInt8>) -> [[UInt8]] {
      bytes += more
      var bodies: [[UInt8]] = []
      while let end = bytes.indices.first(where: { bytes[$0...].starts(with: "\r\n\r\n".utf8) }) {
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
        let count = length.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
        guard bytes.count >= end + 4 + count else { break }
        if head.contains("ExpireItem") { bodies.append(Array(bytes[(end + 4)..<(end + 4 + count)])) }
        bytes.removeFirst(end + 4 + count)
      }
      return bodies
    }
  }
}

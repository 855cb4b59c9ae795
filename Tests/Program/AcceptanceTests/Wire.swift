import Foundation

/// A blocking TCP connection to a server on loopback that speaks bytes, for tests that send what no client would.
final class Wire {
  private let socket: Int32
  private var pending: [UInt8] = []

  /// Nil when the server takes no connection.
  init?(port: Int, seconds: Int = 10) {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var one: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, UInt32(MemoryLayout<timeval>.size))
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, UInt32(MemoryLayout<timeval>.size))
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, UInt32(MemoryLayout<sockaddr_in>.size)) }
    }
    if result != 0 { return nil }
  }

  deinit { close(socket) }

  /// False when the other end takes no more.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Sends no more; the other end sees the end.
  func finish() { shutdown(socket, Int32(SHUT_WR)) }

  /// Lets go at once, so that the other end sees a reset.
  func reset() {
    var now = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, UInt32(MemoryLayout<linger>.size))
  }

  private func more() -> Bool {
    let start = pending.count
    pending += [UInt8](repeating: 0, count: 65_536)
    let count = pending.withUnsafeMutableBytes { recv(socket, $0.baseAddress! + start, 65_536, 0) }
    pending.removeLast(65_536 - max(0, count))
    return count > 0
  }

  /// The status and body of the next answer, which has a Content-Length; nil when the connection ends or is silent too long.
  func answer() -> (status: Int, body: [UInt8])? {
    let mark = Array("\r\n\r\n".utf8)
    var from = 0
    var headEnd: Int?
    while headEnd == nil {
      var at = from
      while at + 4 <= pending.count {
        if pending[at] == 13, pending[at..<(at + 4)].elementsEqual(mark) {
          headEnd = at + 4
          break
        }
        at += 1
      }
      if headEnd == nil {
        from = max(0, pending.count - 3)
        guard more() else { return nil }
      }
    }
    guard let headEnd else { return nil }
    let head = String(decoding: pending[..<headEnd], as: UTF8.self).lowercased()
    let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix(3)) } ?? 0
    var length = 0
    for line in head.split(separator: "\r\n") where line.hasPrefix("content-length:") {
      length = Int(line.dropFirst(15).filter { $0 != " " }) ?? 0
    }
    while pending.count < headEnd + length { guard more() else { return nil } }
    let body = Array(pending[headEnd..<(headEnd + length)])
    pending.removeFirst(headEnd + length)
    return (status, body)
  }

  /// Everything up to the end, and whether the end came in time.
  func rest() -> (bytes: [UInt8], isWhole: Bool) {
    while more() {}
    let isWhole = errno != EAGAIN
    return (pending, isWhole)
  }
}

import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A blocking TCP client that speaks bytes, so that tests see what is on the wire.
final class RawClient {
  let socket: Int32
  private var pending: [UInt8] = []

  init(port: UInt16) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, UInt32(MemoryLayout<sockaddr_in>.size)) }
    }
    guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, UInt32(MemoryLayout<timeval>.size))
  }

  deinit { if isOpen { close(socket) } }

  private var isOpen = true

  func hangUp() {
    isOpen = false
    close(socket)
  }

  /// Sends no more, and still reads.
  func endSending() { shutdown(socket, Int32(SHUT_WR)) }

  func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// Sends a request with a body and its length.
  func post(_ path: String, _ body: [UInt8], headers: [String] = []) {
    let head = ["POST \(path) HTTP/1.1", "Host: t", "Content-Length: \(body.count)"] + headers
    send(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
  }

  struct Answer {
    let status: Int
    let headers: [String: String]
    let body: String
  }

  /// More bytes from the wire; false at the end.
  private func more() -> Bool {
    var block = [UInt8](repeating: 0, count: 65_536)
    let count = recv(socket, &block, block.count, 0)
    guard count > 0 else { return false }
    pending += block[..<count]
    return true
  }

  /// Everything up to and with a mark; nil when the connection ends before.
  func read(through mark: String) -> String? {
    let wanted = Array(mark.utf8)
    var start = 0
    while true {
      while start + wanted.count <= pending.count {
        if pending[start..<(start + wanted.count)].elementsEqual(wanted) {
          let text = String(decoding: pending[..<(start + wanted.count)], as: UTF8.self)
          pending.removeFirst(start + wanted.count)
          return text
        }
        start += 1
      }
      guard more() else { return nil }
    }
  }

  func head() -> (status: Int, headers: [String: String])? {
    guard let text = read(through: "\r\n\r\n") else { return nil }
    let lines = text.components(separatedBy: "\r\n")
    guard let status = Int(lines[0].split(separator: " ")[1]) else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() where !line.isEmpty {
      let parts = line.split(separator: ":", maxSplits: 1)
      headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    return (status, headers)
  }

  /// One answer with a Content-Length.
  func answer() -> Answer? {
    guard let (status, headers) = head() else { return nil }
    let length = headers["content-length"].flatMap { Int($0) } ?? 0
    while pending.count < length { guard more() else { return nil } }
    defer { pending.removeFirst(length) }
    return Answer(status: status, headers: headers, body: String(decoding: pending[..<length], as: UTF8.self))
  }

  /// Whether bytes, or the end, come within so many seconds.
  func hasMore(within seconds: Double) -> Bool {
    var wait = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return !pending.isEmpty || poll(&wait, 1, Int32(seconds * 1_000)) > 0
  }

  /// Whether the server has closed the connection and nothing is left to read.
  func isAtEnd() -> Bool { pending.isEmpty && !more() }
}

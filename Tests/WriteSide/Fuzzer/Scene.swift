internal import AccessKeys
internal import DynamoModel
internal import Foundation
internal import Glibc
internal import HTTPServer
internal import RequestTestKit
internal import Synchronization
internal import TableAPI
internal import TableStore

/// A table server in this process, with keys, for the targets that need one.
final class Scene: Sendable {
  private let api: TableAPI
  private let server: HTTPServer
  private let connections = Atomic<UInt32>(0)

  init() {
    let folder = FileManager.default.temporaryDirectory.appending(path: "afterimage-fuzzer").path
    // What the last run left: one runs at a time, and libFuzzer ends the process without a word.
    try? FileManager.default.removeItem(atPath: folder)
    let keys = folder + "/keys.yaml"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(Scene.keys.utf8).write(to: URL(filePath: keys))
      let store = try TableStore(path: folder + "/tables")
      let api = TableAPI(store: store, settings: .init(access: AccessControl(try KeyFile(path: keys))))
      self.api = api
      // Without keys: what comes over the wire gets further.
      let open = TableAPI(store: store)
      server = try HTTPServer.serving { open.handle($0, $1) }
    } catch {
      fatalError("no server: \(error)")
    }
  }

  private static let keys = """
    keys:
      - id: AKIDFUZZ
        secret: "secret"
        allow:
          - { tables: ["*"], access: [read, write, admin] }
    """

  static let signatureSeeds: [[UInt8]] = [
    """
    POST
    /
    Host: t
    X-Amz-Date: 20260101T000000Z
    Authorization: AWS4-HMAC-SHA256 Credential=AKIDFUZZ/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=00
    """,
    """
    POST
    /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDFUZZ%2F20260101%2Fus-east-1%2Fdynamodb%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00
    Host: t
    """,
    """
    POST
    /a%20b?x=y&z
    Date: 20260101T000000Z
    X-Amz-Security-Token: token
    Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f, SignedHeaders=;, Signature=
    """,
  ].map { Array($0.utf8) }

  func signature(_ bytes: [UInt8]) {
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    guard lines.count >= 2 else { return }
    let headers = lines.dropFirst(2).map { line in
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
    }
    do throws(DynamoError) {
      let request = HTTPRequest(method: lines[0], target: lines[1], headers: headers, body: [])
      guard try api.signer(of: request) == nil else { fatalError("a request without the secret was let in") }
    } catch {
      if error.code == .internalServer { fatalError("an internal error: \(error)") }
    }
  }

  /// Sends the bytes, then the end; the answers must come, and none may be a 5xx.
  func http(_ bytes: [UInt8]) {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    func at(_ host: UInt32, _ port: UInt16, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = host.bigEndian
      return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
      }
    }
    // A connection that is closed waits for a minute under its address and port: each comes from the next address of loopback.
    let number = connections.wrappingAdd(1, ordering: .relaxed).newValue
    var now = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, UInt32(MemoryLayout<linger>.size))
    let isConnected =
      at(0x7f00_0001 + number % 65_536, 0, { bind(socket, $0, $1) })
      && at(0x7f00_0001, server.port, { connect(socket, $0, $1) == 0 || isConnectedLater(socket) ? 0 : -1 })
    guard isConnected else { fatalError("no connection is taken: \(String(cString: strerror(errno)))") }
    _ = bytes.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    shutdown(socket, Int32(SHUT_WR))
    var answer: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(socket, &block, block.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      answer += block[..<count]
    }
    for part in String(decoding: answer, as: UTF8.self).components(separatedBy: "HTTP/1.1 ").dropFirst() {
      if part.hasPrefix("5"), !part.hasPrefix("503"), !part.hasPrefix("505") { fatalError("answered \(part.prefix(300))") }
    }
  }

  /// libFuzzer's clock interrupts calls; a connection that was begun is then made all the same.
  private func isConnectedLater(_ socket: Int32) -> Bool {
    guard errno == EINTR else { return false }
    var wanted = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
    while poll(&wanted, 1, -1) < 0 { guard errno == EINTR else { return false } }
    return wanted.revents & Int16(POLLERR) == 0
  }
}

internal import Foundation
internal import Glibc
package import Postgres
internal import Synchronization

/// Stands between a client and a cluster, and can cut the connection when the answer to a COMMIT has come: the server has committed, and the client does
/// not hear of it.
package final class CuttingProxy: Sendable {
  private let listener: Int32
  private let target: String
  private let port: UInt16
  private let cuts = Cuts()

  /// How many answers are still to be cut off.
  private final class Cuts: Sendable {
    private let left = Mutex(0)

    func set(_ count: Int) { left.withLock { $0 = count } }

    func take() -> Bool {
      left.withLock { left in
        defer { left = max(0, left - 1) }
        return left > 0
      }
    }
  }

  /// Listens on loopback until the value is gone.
  package init(_ cluster: PostgresCluster) throws {
    target = "\(cluster.directory)/.s.PGSQL.\(cluster.port)"
    // Not inherited by the servers that other tests start: they would keep what is cut open.
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = listener
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        bind(socket, raw, length) | listen(socket, 16) | getsockname(socket, raw, &length)
      }
    }
    guard code == 0 else { throw PostgresTestError("the proxy does not listen: \(String(cString: strerror(errno)))") }
    port = UInt16(bigEndian: address.sin_port)
    let target = target
    Thread.detachNewThread { [cuts] in
      while true {
        let client = accept(socket, nil, nil)
        guard client >= 0 else { return }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        Thread.detachNewThread { CuttingProxy.serve(client, target) { cuts.take() } }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// Has the answers to so many of the next commits cut off.
  package func cut(_ count: Int) { cuts.set(count) }

  package var settings: PostgresSettings {
    PostgresSettings(
      "host=127.0.0.1 port=\(port) user=\(PostgresCluster.user) dbname=postgres sslmode=disable gssencmode=disable")
  }

  package var url: String {
    let password = PostgresCluster.password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    return "postgres://\(PostgresCluster.user):\(password)@127.0.0.1:\(port)/postgres?sslmode=disable&gssencmode=disable"
  }

  private static func serve(_ client: Int32, _ target: String, _ isCut: () -> Bool) {
    let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer {
      close(client)
      close(server)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { path in path.copyBytes(from: target.utf8.prefix(path.count - 1)) }
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(server, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var waitsForAnswer = false
    // An end that was killed takes nothing: that must not end the tests.
    let flags = Int32(MSG_NOSIGNAL)
    while true {
      var ends = [pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0)]
      guard poll(&ends, 2, -1) > 0 || errno == EINTR else { return }
      if ends[0].revents != 0 {
        let count = read(client, &buffer, buffer.count)
        guard count > 0, send(server, buffer, count, flags) == count else { return }
        // A simple query: its letter, its length, its text.
        let isCommit = buffer[..<count].dropFirst(5).starts(with: "COMMIT\0".utf8) && buffer[0] == UInt8(ascii: "Q")
        if isCommit, isCut() { waitsForAnswer = true }
      }
      if ends[1].revents != 0 {
        let count = read(server, &buffer, buffer.count)
        guard count > 0, !waitsForAnswer, send(client, buffer, count, flags) == count else { return }
      }
    }
  }
}

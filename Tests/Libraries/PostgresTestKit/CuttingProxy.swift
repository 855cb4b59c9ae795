internal import Foundation
package import Postgres
internal import Synchronization

/// Stands between a client and a cluster, and can cut the connection when the answer to a COMMIT has come: the server has committed, and the client does
/// not hear of it.
package final class CuttingProxy: Sendable {
  private let proxy: LoopbackProxy
  private let cuts: Cuts

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

  private struct Watcher: LoopbackProxy.Watcher {
    let cuts: Cuts
    private var waitsForAnswer = false

    init(_ cuts: Cuts) { self.cuts = cuts }

    mutating func sent(_ bytes: ArraySlice<UInt8>) {
      // A simple query: its letter, its length, its text.
      let isCommit = bytes.first == UInt8(ascii: "Q") && bytes.dropFirst(5).starts(with: "COMMIT\0".utf8)
      if isCommit, cuts.take() { waitsForAnswer = true }
    }

    func passes(_ answer: ArraySlice<UInt8>) -> Bool { !waitsForAnswer }
  }

  /// Listens on loopback until the value is gone.
  package init(_ cluster: PostgresCluster) throws {
    let cuts = Cuts()
    self.cuts = cuts
    proxy = try LoopbackProxy(.socket("\(cluster.directory)/.s.PGSQL.\(cluster.port)")) { Watcher(cuts) }
  }

  /// Has the answers to so many of the next commits cut off.
  package func cut(_ count: Int) { cuts.set(count) }

  package var settings: PostgresSettings {
    PostgresSettings(
      "host=127.0.0.1 port=\(proxy.port) user=\(PostgresCluster.user) dbname=postgres sslmode=disable gssencmode=disable")
  }

  package var url: String {
    let password = PostgresCluster.password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    return "postgres://\(PostgresCluster.user):\(password)@127.0.0.1:\(proxy.port)/postgres?sslmode=disable&gssencmode=disable"
  }
}

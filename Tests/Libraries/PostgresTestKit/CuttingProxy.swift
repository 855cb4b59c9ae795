internal import Foundation
internal import Glibc
package import Postgres
internal import Synchronization

/// Stands between a client and a cluster, and can cut the connection when the answer to a COMMIT has come: the server has committed, and the client does
/// not hear of it. Or it lets nothing through any more, and neither end hears of that.
package final class CuttingProxy: Sendable {
  private let proxy: LoopbackProxy
  private let faults: Faults

  private final class Faults: Sendable {
    private struct State {
      /// How many answers are still to be cut off.
      var cuts = 0
      var opened = 0
      /// Connections of lower numbers are silent.
      var silentBelow = 0
    }

    private let state = Mutex(State())

    func set(_ count: Int) { state.withLock { $0.cuts = count } }

    func takeCut() -> Bool {
      state.withLock { state in
        defer { state.cuts = max(0, state.cuts - 1) }
        return state.cuts > 0
      }
    }

    /// The number of a connection that begins.
    func open() -> Int {
      state.withLock { state in
        defer { state.opened += 1 }
        return state.opened
      }
    }

    func silence(_ isOn: Bool) { state.withLock { $0.silentBelow = isOn ? $0.opened : 0 } }
    func isSilent(_ number: Int) -> Bool { state.withLock { number < $0.silentBelow } }
  }

  private struct Watcher: LoopbackProxy.Watcher {
    let faults: Faults
    private let number: Int
    private var waitsForAnswer = false

    init(_ faults: Faults) {
      self.faults = faults
      number = faults.open()
    }

    mutating func sent(_ bytes: ArraySlice<UInt8>) {
      // A simple query: its letter, its length, its text.
      let isCommit = bytes.first == UInt8(ascii: "Q") && bytes.dropFirst(5).starts(with: "COMMIT\0".utf8)
      if isCommit, faults.takeCut() { waitsForAnswer = true }
    }

    func passes(_ answer: ArraySlice<UInt8>) -> Bool {
      let end = ContinuousClock.now + .seconds(120)
      while faults.isSilent(number), .now < end { usleep(10_000) }
      return !waitsForAnswer
    }
  }

  /// Listens on loopback until the value is gone.
  package init(_ cluster: PostgresCluster) throws {
    let faults = Faults()
    self.faults = faults
    proxy = try LoopbackProxy(.socket("\(cluster.directory)/.s.PGSQL.\(cluster.port)")) { Watcher(faults) }
  }

  /// Has the answers to so many of the next commits cut off.
  package func cut(_ count: Int) { faults.set(count) }

  /// Connections that are open now stay so, and nothing that the server says on them comes through; others are as ever.
  package func silence() { faults.silence(true) }

  deinit { faults.silence(false) }

  package var settings: PostgresSettings {
    PostgresSettings(
      "host=127.0.0.1 port=\(proxy.port) user=\(PostgresCluster.user) dbname=postgres sslmode=disable gssencmode=disable")
  }

  package var url: String {
    let password = PostgresCluster.password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    return "postgres://\(PostgresCluster.user):\(password)@127.0.0.1:\(proxy.port)/postgres?sslmode=disable&gssencmode=disable"
  }
}

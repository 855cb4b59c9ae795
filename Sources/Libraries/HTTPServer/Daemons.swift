internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// The daemons of one server: the one that new connections go to, and those that serve the connections from before a new certificate.
final class Daemons: Sendable {
  private struct State {
    var current: Daemon?
    var retired: [Daemon] = []
    var hasEnded = false
  }

  private let state = Mutex(State())

  var isServing: Bool { state.withLock { $0.current != nil } }

  /// New connections go to this daemon from now on. False after `end`.
  @discardableResult
  func replace(with daemon: Daemon) -> Bool {
    state.withLock { state in
      guard !state.hasEnded else { return false }
      if let old = state.current { state.retired.append(old) }
      state.current = daemon
      return true
    }
  }

  /// Gives a connection to the current daemon, which closes it in the end; it is closed at once when there is none.
  func serve(_ connection: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) {
    state.withLock { state in
      // Libmicrohttpd closes the connection also when it cannot serve it.
      guard let current = state.current else {
        close(connection)
        return
      }
      MHD_add_connection(current.pointer, connection, address, length)
    }
  }

  /// Takes away the retired daemons whose connections have all ended.
  func idle() -> [Daemon] {
    state.withLock { state in
      let idle = state.retired.filter { mhd_connection_count($0.pointer) == 0 }
      state.retired.removeAll { retired in idle.contains { $0.pointer == retired.pointer } }
      return idle
    }
  }

  /// Takes all away: no connection is served after this.
  func end() -> [Daemon] {
    state.withLock { state in
      defer { state = State(hasEnded: true) }
      return [state.current].compactMap { $0 } + state.retired
    }
  }
}

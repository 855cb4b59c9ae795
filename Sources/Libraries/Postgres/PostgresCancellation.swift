internal import CLibPQ
internal import Synchronization

/// Ends what a connection is doing, from any thread.
package final class PostgresCancellation: Sendable {
  /// libpq's own object, which any thread may use: it is freed under the lock only.
  private struct Handle: @unchecked Sendable {
    var pointer: OpaquePointer?
  }

  private let handle = Mutex(Handle())

  init() {}

  func begin(_ connection: OpaquePointer?) {
    let made = Handle(pointer: connection.flatMap { PQgetCancel($0) })
    handle.withLock { $0 = made }
  }

  func end() {
    handle.withLock { handle in
      if let pointer = handle.pointer { PQfreeCancel(pointer) }
      handle.pointer = nil
    }
  }

  /// Asks the server to end the running statement, which then throws `cancelled`. Does nothing when none runs. Blocks while the server is asked.
  package func cancel() {
    handle.withLock { handle in
      guard let pointer = handle.pointer else { return }
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
        _ = PQcancel(pointer, text.baseAddress, 256)
      }
    }
  }
}

internal import Dispatch
internal import SQLite
internal import Synchronization

/// Moves a file's write-ahead log into the file on a thread of its own, by a connection of its own.
///
/// SQLite 3.40.1 can damage a file when one connection begins the log anew while another begins to move it (the "WAL-reset bug" of its wal.html). That needs
/// a log that is moved whole at that moment. So a move here begins only while there is something to move (`LogMoves`), which nobody else moves meanwhile:
/// the writer waits for it before it moves anything itself, and readers cannot.
///
/// A move that fails moves nothing: the log still has all of it, and the move is tried again when the log has grown.
final class LogMover: Sendable {
  private let path: String
  private let queue = DispatchQueue(label: "log mover")
  /// Opened by the first move: from then on it knows, from the file's header, that pages have checksums.
  private let connection = Mutex<Connection?>(nil)
  private let moving = Atomic<Bool>(false)

  init(path: String) { self.path = path }

  var isMoving: Bool { moving.load(ordering: .acquiring) }

  func move() {
    moving.store(true, ordering: .releasing)
    queue.async { [self] in
      connection.withLock { connection in
        if connection == nil {
          connection = try? Connection(
            path: path, options: ConnectionOptions(access: .readWrite, synchronous: .normal, cacheKiB: 256, checkpointPages: 0))
        }
        _ = try? connection?.checkpoint(.passive)
      }
      moving.store(false, ordering: .releasing)
    }
  }

  /// Waits until a move that has begun has ended.
  func wait() { queue.sync {} }

  func close() {
    wait()
    connection.withLock { connection in
      connection?.close()
      connection = nil
    }
  }
}

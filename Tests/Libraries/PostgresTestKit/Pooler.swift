internal import Foundation
internal import Glibc
package import Postgres
internal import Services
internal import Synchronization

/// Debian's PgBouncer in front of a cluster, in a temporary folder; ended with the value.
package final class Pooler: Sendable {
  package enum Mode: String, Sendable, CaseIterable {
    case session, transaction, statement
  }

  private static let program = "/usr/sbin/pgbouncer"

  /// What a skipped test says.
  package static let skipped = "skipped: no PgBouncer. Install Debian's package pgbouncer (`make test-packages`)"
  package static var isAvailable: Bool {
    PostgresCluster.isAvailable && FileManager.default.isExecutableFile(atPath: program)
  }

  private let directory: String
  private let port: Int
  private let process: pid_t

  /// Of the cluster's database `postgres`, with at most `connections` of its own to it.
  package init(_ cluster: PostgresCluster, _ mode: Mode, connections: Int = 4) throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("afterimage-pooler-\(UUID().uuidString)").path
    port = Int.random(in: 30_000..<32_000)
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    PostgresPrograms.handOver(directory)
    let file = directory + "/pgbouncer.ini"
    try """
    [databases]
    d = host=\(cluster.directory) port=\(cluster.port) user=\(PostgresCluster.user) dbname=postgres
    [pgbouncer]
    listen_addr = 127.0.0.1
    listen_port = \(port)
    unix_socket_dir =
    auth_type = any
    pool_mode = \(mode.rawValue)
    default_pool_size = \(connections)
    """.write(toFile: file, atomically: false, encoding: .utf8)
    PostgresPrograms.handOver(file)
    process = try Executable.spawn(
      try PostgresPrograms.command("pgbouncer", [file]).map { $0.hasSuffix("/bin/pgbouncer") ? Pooler.program : $0 },
      output: directory + "/log", keepsErrors: true)
  }

  package var settings: PostgresSettings { PostgresSettings("host=127.0.0.1 port=\(port) user=x dbname=d") }
  package var url: String { "postgres://x@127.0.0.1:\(port)/d" }

  /// Connects once it listens.
  package func connect() throws -> PostgresConnection {
    let end = ContinuousClock.now + .seconds(20)
    while true {
      do {
        return try PostgresConnection(settings)
      } catch {
        guard error.kind == .cannotConnect, ContinuousClock.now < end else { throw error }
        usleep(20_000)
      }
    }
  }

  deinit {
    kill(process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) == -1, errno == EINTR {}
    try? FileManager.default.removeItem(atPath: directory)
  }
}

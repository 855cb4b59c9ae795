internal import Foundation
internal import Glibc
package import Postgres
internal import Services
internal import Synchronization

/// A PostgreSQL server of the tests' own: Debian's, in a temporary folder, as a direct child that is killed with all of its processes. Nothing is synced
/// unless it is asked for.
package final class PostgresCluster: Sendable {
  /// What a skipped test says.
  package static let skipped = "skipped: no PostgreSQL. Install Debian's package postgresql (`make test-packages`)"
  package static var isAvailable: Bool { PostgresPrograms.canRun }

  package static let user = "afterimage"
  package static let password = "as the tests want it"

  private static let started = Mutex<PostgresCluster?>(nil)

  /// The one of this test process, started at the first call.
  package static func shared() throws -> PostgresCluster {
    try started.withLock { started in
      if let started { return started }
      let cluster = try PostgresCluster()
      started = cluster
      return cluster
    }
  }

  package let directory: String
  package let port: Int
  private let tablespaceMegabytes: Int?
  private let process = Mutex<pid_t?>(nil)
  private let databases = Mutex(0)

  /// Whether `tablespaceMegabytes` may be given: it takes the right to mount, in a name space of mounts that ends with the server.
  package static let canMount: Bool = {
    let status = try? Executable.status(
      of: ["/usr/bin/unshare", "--mount", "/usr/bin/mount", "-t", "tmpfs", "tmpfs", "/mnt"], output: "/dev/null")
    return isAvailable && status == 0
  }()

  /// Starts a server. `isDurable`: commits are synced: without it they outlive the server's processes, not the machine. `configuration` is added to
  /// `postgresql.conf`. `tablespaceMegabytes`: tables and their indexes are on a file system of so many, which the server's end empties. With a primary
  /// it is its asynchronous standby, which has what that one had.
  package init(
    isDurable: Bool = false, tablespaceMegabytes: Int? = nil, configuration: [String] = [],
    standbyOf primary: PostgresCluster? = nil
  ) throws {
    self.tablespaceMegabytes = tablespaceMegabytes
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("afterimage-postgres-\(UUID().uuidString)").path
    port = Int.random(in: 20_000..<30_000)
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    PostgresPrograms.handOver(directory)
    let passwords = directory + "/initial-password"
    try PostgresCluster.password.write(toFile: passwords, atomically: false, encoding: .utf8)
    PostgresPrograms.handOver(passwords)
    let log = directory + "/initdb.log"
    let data = directory + "/data"
    let command =
      if let primary {
        // Follows it from the first start on.
        try PostgresPrograms.command(
          "pg_basebackup",
          [
            "-D", data, "-h", primary.directory, "-p", "\(primary.port)", "-U", PostgresCluster.user, "--write-recovery-conf",
            "--checkpoint=fast", "--no-sync",
          ])
      } else {
        try PostgresPrograms.command(
          "initdb",
          [
            "-D", data, "-U", PostgresCluster.user, "--auth-local=trust", "--auth-host=scram-sha-256",
            "--pwfile=\(passwords)", "--no-sync", "-E", "UTF8", "--no-locale",
          ])
      }
    do {
      try Executable.run(command, output: log, keepsErrors: true)
    } catch {
      throw PostgresTestError("\(error): \((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
    }
    var lines = [
      "listen_addresses = '127.0.0.1'", "port = \(port)", "unix_socket_directories = '\(directory)'", "max_connections = 200",
      "shared_buffers = 64MB", "log_min_messages = warning",
    ]
    if !isDurable { lines += ["fsync = off", "full_page_writes = off"] }
    lines += configuration
    let file = directory + "/data/postgresql.conf"
    let text = try String(contentsOfFile: file, encoding: .utf8) + lines.joined(separator: "\n") + "\n"
    try text.write(toFile: file, atomically: false, encoding: .utf8)
    // However this process ends.
    let end =
      "P=$(head -n 1 \(directory)/data/postmaster.pid 2>/dev/null); [ -n \"$P\" ] && kill -QUIT \"$P\" && sleep 1; rm -rf \(directory)"
    try Executable.runAfterEnd(["/bin/sh", "-c", end])
    try start()
    if tablespaceMegabytes != nil {
      let connection = try PostgresConnection(settings())
      defer { connection.close() }
      try connection.execute("CREATE TABLESPACE small LOCATION '\(tablespace)'")
      try connection.execute("ALTER SYSTEM SET default_tablespace = 'small'")
      try connection.execute("SELECT pg_reload_conf()")
    }
  }

  /// Fills the tablespace up to its last page.
  package func fill() throws {
    let connection = try PostgresConnection(settings())
    defer { connection.close() }
    try connection.execute("CREATE TABLE filler (text text) TABLESPACE small")
    // Large pieces, then small ones where no large one has room.
    for bytes in [1_000_000, 1_000] {
      do throws(PostgresError) {
        while true {
          try connection.execute(
            "INSERT INTO filler SELECT repeat('x', 1000) FROM generate_series(1, \(bytes / 1_000))")
        }
      } catch {
        guard error.isDiskFull else { throw error }
      }
    }
  }

  /// Makes room in it again.
  package func makeRoom() throws {
    let connection = try PostgresConnection(settings())
    defer { connection.close() }
    try connection.execute("DROP TABLE filler")
  }

  private var tablespace: String { directory + "/tablespace" }

  /// The server's command; with the tablespace mounted where it has one.
  private func command() throws -> [String] {
    let server = try PostgresPrograms.command("postgres", ["-D", directory + "/data"])
    guard let tablespaceMegabytes else { return server }
    try FileManager.default.createDirectory(atPath: tablespace, withIntermediateDirectories: true)
    let mount = "mount -t tmpfs -o size=\(tablespaceMegabytes)m tmpfs \"$0\" && chown postgres \"$0\" && exec \"$@\""
    return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", mount, tablespace] + server
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Starts the server, and waits until it answers.
  package func start() throws {
    let log = directory + "/server-\(UUID().uuidString).log"
    let end = ContinuousClock.now + .seconds(60)
    var failure = "the server does not answer"
    while ContinuousClock.now < end {
      let pid = try Executable.spawn(
        try command(), output: log, keepsErrors: true)
      process.withLock { $0 = pid }
      var status: Int32 = 0
      while ContinuousClock.now < end, waitpid(pid, &status, WNOHANG) == 0 {
        do {
          try PostgresConnection(settings()).close()
          return
        } catch {
          failure = "\(error)"
          usleep(20_000)
        }
      }
      // It may have to wait for processes of one that was killed.
      failure = (try? String(contentsOfFile: log, encoding: .utf8)) ?? failure
      usleep(100_000)
    }
    throw PostgresTestError("PostgreSQL does not start: \(failure)")
  }

  /// SIGKILL for the server and each of its processes.
  package func kill() {
    process.withLock { process in
      guard let pid = process else { return }
      let children = PostgresPrograms.children(of: pid)
      for process in [pid] + children { _ = Glibc.kill(process, SIGKILL) }
      var status: Int32 = 0
      while waitpid(pid, &status, 0) == -1, errno == EINTR {}
      process = nil
    }
  }

  /// Has a standby receive nothing more from its primary, as one that the network cut off.
  package func stopReceiving() throws {
    try execute(["ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"])
    let connection = try PostgresConnection(settings())
    defer { connection.close() }
    let end = ContinuousClock.now + .seconds(20)
    while try connection.run("SELECT count(*) FROM pg_stat_wal_receiver").int64(0, 0) > 0 {
      guard ContinuousClock.now < end else { throw PostgresTestError("the standby still receives") }
      usleep(20_000)
    }
  }

  /// Makes a standby a primary, with what it has received; done when it takes writes.
  package func promote() throws { try execute(["SELECT pg_promote()"]) }

  private func execute(_ statements: [String]) throws {
    let connection = try PostgresConnection(settings())
    defer { connection.close() }
    for statement in statements { try connection.execute(statement) }
  }

  /// The URL of the database on whichever of two servers takes writes.
  package func url(orOf other: PostgresCluster) -> String {
    let secret = PostgresCluster.password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    let hosts = "127.0.0.1:\(port),127.0.0.1:\(other.port)"
    return "postgresql://\(PostgresCluster.user):\(secret)@\(hosts)/postgres?target_session_attrs=read-write"
  }

  /// How to reach a database of it through its socket, without a password.
  package func settings(_ database: String = "postgres") -> PostgresSettings {
    PostgresSettings("host=\(directory) port=\(port) user=\(PostgresCluster.user) dbname=\(database)")
  }

  /// The URL of a database at its port on loopback, which asks for the password.
  package func url(_ database: String = "postgres", user: String = user, password: String? = nil, options: String = "") -> String
  {
    let secret = password.map { ":" + ($0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "") } ?? ""
    return "postgresql://\(user)\(secret)@127.0.0.1:\(port)/\(database)\(options)"
  }

  /// Makes a database of a name that no other has.
  package func makeDatabase() throws -> String {
    let number = databases.withLock { number in
      number += 1
      return number
    }
    let connection = try PostgresConnection(settings())
    defer { connection.close() }
    try connection.execute("CREATE DATABASE d\(number)")
    return "d\(number)"
  }

  /// Has the server speak TLS with a certificate for `localhost` and 127.0.0.1; answers the file of the authority that signed it.
  package func useTLS() throws -> String {
    kill()
    let data = directory + "/data"
    func openssl(_ arguments: [String]) throws {
      try Executable.run(["/usr/bin/openssl"] + arguments, output: directory + "/openssl.log", keepsErrors: true)
    }
    let names = directory + "/names"
    try "subjectAltName=DNS:localhost,IP:127.0.0.1\n".write(toFile: names, atomically: false, encoding: .utf8)
    let (authority, key) = (directory + "/authority.pem", directory + "/authority.key")
    let new = ["-newkey", "rsa:2048", "-nodes"]
    try openssl(["req", "-x509"] + new + ["-keyout", key, "-out", authority, "-subj", "/CN=tests", "-days", "30"])
    try openssl(["req"] + new + ["-keyout", data + "/server.key", "-out", directory + "/request", "-subj", "/CN=server"])
    try openssl(
      [
        "x509", "-req", "-in", directory + "/request", "-CA", authority, "-CAkey", key, "-CAcreateserial", "-extfile", names,
        "-out", data + "/server.pem", "-days", "30",
      ])
    chmod(data + "/server.key", 0o600)
    PostgresPrograms.handOver(data + "/server.key")
    PostgresPrograms.handOver(data + "/server.pem")
    let file = data + "/postgresql.conf"
    let lines = "ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n"
    try (try String(contentsOfFile: file, encoding: .utf8) + lines).write(toFile: file, atomically: false, encoding: .utf8)
    try start()
    return authority
  }
}

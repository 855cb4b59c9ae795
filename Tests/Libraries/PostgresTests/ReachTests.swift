import Foundation
import Postgres
import PostgresTestKit
import Testing

/// How a server is reached, and what is said when it is not.
@Suite(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped))) struct ReachTests {
  private func failure(_ settings: PostgresSettings) -> PostgresError? {
    do {
      try PostgresConnection(settings).close()
      return nil
    } catch {
      return error
    }
  }

  @Test func `a URL with a password, keywords with a password file`() throws {
    let cluster = try PostgresCluster.shared()
    try PostgresConnection(PostgresSettings(cluster.url(password: PostgresCluster.password))).close()
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("afterimage-\(UUID()).pgpass").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    try "127.0.0.1:*:*:\(PostgresCluster.user):\(PostgresCluster.password)\n".write(
      toFile: file, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    let keywords = "host=127.0.0.1 port=\(cluster.port) user=\(PostgresCluster.user) dbname=postgres"
    try PostgresConnection(PostgresSettings(keywords, passwordFile: file)).close()
    let without = failure(PostgresSettings(keywords, passwordFile: "/nowhere"))
    #expect(without?.kind == .cannotConnect && without?.message.contains("no password supplied") == true, "\(without as Any)")
  }

  @Test func `what cannot be reached has no state and says why`() throws {
    let cluster = try PostgresCluster.shared()
    for (settings, words) in [
      (cluster.url(password: "wrong"), "password authentication failed"),
      (cluster.url("nowhere", password: PostgresCluster.password), "does not exist"),
      (cluster.url(password: PostgresCluster.password, options: "?sslmode=require"), "SSL"),
      ("host=127.0.0.1 port=1 user=x", "refused"), ("postgres://[", "URI"), ("host=/nowhere", "No such file"),
    ] {
      let error = failure(PostgresSettings(settings))
      #expect(
        error?.kind == .cannotConnect && error?.sqlState == nil && error?.message.contains(words) == true, "\(error as Any)")
    }
  }

  @Test func `a server that does not answer is given up in time`() throws {
    let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(silent) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        _ = bind(silent, raw, length)
        _ = listen(silent, 8)
        _ = getsockname(silent, raw, &length)
      }
    }
    var settings = PostgresSettings("host=127.0.0.1 port=\(UInt16(bigEndian: address.sin_port)) user=x dbname=x")
    settings.connectTimeMax = .milliseconds(200)
    let start = ContinuousClock.now
    let error = failure(settings)
    #expect(error?.kind == .cannotConnect && error?.message.contains("no answer within") == true, "\(error as Any)")
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test func `a server that is killed is lost, and its connection stays so`() throws {
    let cluster = try PostgresCluster()
    let connection = try PostgresConnection(cluster.settings())
    try connection.execute("CREATE TABLE t (n bigint)")
    cluster.kill()
    func lost(_ body: () throws -> Void) -> PostgresError? {
      do {
        try body()
        return nil
      } catch {
        return error as? PostgresError
      }
    }
    #expect(lost { try connection.run("SELECT 1") }?.kind == .lost)
    #expect(connection.isBroken && lost { try connection.run("SELECT 1") }?.kind == .lost)
    try cluster.start()
    let again = try PostgresConnection(cluster.settings())
    // Killed in the middle of a transaction: nothing of it is there.
    let end = lost {
      try again.transaction {
        try again.run("INSERT INTO t VALUES (1)")
        cluster.kill()
        try again.run("INSERT INTO t VALUES (2)")
      }
    }
    #expect(end?.kind == .lost)
    try cluster.start()
    // Killed before the commit was answered: nobody knows.
    let third = try PostgresConnection(cluster.settings())
    let commit = lost {
      try third.transaction {
        try third.run("INSERT INTO t VALUES (3)")
        cluster.kill()
      }
    }
    #expect(commit?.kind == .outcomeUnknown)
    try cluster.start()
    #expect(try PostgresConnection(cluster.settings()).run("SELECT n FROM t WHERE n < 3").count == 0)
  }
}

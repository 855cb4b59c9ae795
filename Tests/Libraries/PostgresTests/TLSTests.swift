import Foundation
import Postgres
import PostgresTestKit
import Testing

/// TLS: the settings are libpq's, passed through.
@Suite(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped))) struct TLSTests {
  @Test func `the server's certificate is checked against its name`() throws {
    let cluster = try PostgresCluster()
    let authority = try cluster.useTLS()
    func connect(_ host: String, _ options: String) throws {
      let settings = PostgresSettings(
        "\(host) port=\(cluster.port) user=\(PostgresCluster.user) password='\(PostgresCluster.password)' dbname=postgres \(options)"
      )
      let connection = try PostgresConnection(settings)
      defer { connection.close() }
      #expect(try connection.run("SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()").text(0, 0) == "true")
    }
    try connect("host=localhost hostaddr=127.0.0.1", "sslmode=verify-full sslrootcert=\(authority)")
    try connect("host=127.0.0.1", "sslmode=verify-full sslrootcert=\(authority) channel_binding=require")
    for (host, options, words) in [
      ("host=wrong.test hostaddr=127.0.0.1", "sslmode=verify-full sslrootcert=\(authority)", "does not match host name"),
      ("host=127.0.0.1", "sslmode=verify-full sslrootcert=/etc/ssl/certs/ca-certificates.crt", "certificate verify failed"),
      ("host=127.0.0.1", "sslmode=verify-full sslrootcert=/nowhere", "does not exist"),
    ] {
      let error = #expect(throws: PostgresError.self) { try connect(host, options) }
      #expect(error?.kind == .cannotConnect && error?.message.contains(words) == true, "\(error as Any)")
    }
  }
}

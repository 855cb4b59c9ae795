/// How a server is reached: what libpq takes, as a URL (`postgresql://user@host:port/database?sslmode=verify-full`) or as keywords
/// (`host=... dbname=...`).
///
/// TLS, certificates and everything else that libpq knows are passed through as they are. libpq 15 has no `sslrootcert=system`: name
/// `/etc/ssl/certs/ca-certificates.crt`.
package struct PostgresSettings: Sendable, Equatable {
  package var conninfo: String
  /// A file of libpq's form (`host:port:database:user:password`, mode 0600) in place of `~/.pgpass`; nil for libpq's own choice.
  package var passwordFile: String?
  /// The name that the server's views show of the connection.
  package var applicationName: String
  /// A server that has not answered by then is given up.
  package var connectTimeMax: Duration
  /// A statement that waits longer than this for a lock fails as one to be retried; nil waits without end.
  package var lockTimeMax: Duration?
  /// A statement that runs longer than this fails; nil lets it run.
  package var statementTimeMax: Duration?

  /// Each property by its name.
  package init(
    _ conninfo: String, passwordFile: String? = nil, applicationName: String = "afterimage",
    connectTimeMax: Duration = .seconds(10), lockTimeMax: Duration? = nil, statementTimeMax: Duration? = nil
  ) {
    self.conninfo = conninfo
    self.passwordFile = passwordFile
    self.applicationName = applicationName
    self.connectTimeMax = connectTimeMax
    self.lockTimeMax = lockTimeMax
    self.statementTimeMax = statementTimeMax
  }

  /// What libpq is given, in order. What `conninfo` says of what stands before it has the last word; what comes after it is given.
  var keywords: [(String, String)] {
    var all = [
      ("fallback_application_name", applicationName),
      // A server that is gone without a word is noticed within half a minute, not after hours.
      ("keepalives_idle", "15"), ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "30000"),
      ("dbname", conninfo),
    ]
    if let passwordFile { all.append(("passfile", passwordFile)) }
    // Rows are UTF-8 whatever the environment says.
    all.append(("client_encoding", "UTF8"))
    return all
  }
}

extension Duration {
  /// Whole milliseconds, at least 1: 0 means without end to the server.
  var settingMilliseconds: Int64 {
    let (seconds, rest) = components
    guard seconds < 2_000_000 else { return 2_000_000_000 }
    return max(1, seconds * 1_000 + rest / 1_000_000_000_000_000)
  }
}

internal import Foundation
internal import Glibc
internal import Services

/// PostgreSQL's programs as Debian installs them, run as a user that is not root: the server refuses to be.
enum PostgresPrograms {
  /// The folder of the newest version's programs; nil when there is none.
  static let folder: String? = {
    let base = "/usr/lib/postgresql"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    let newest = versions.compactMap { Int($0) }.sorted().last { version in
      ["postgres", "initdb"].allSatisfy { FileManager.default.isExecutableFile(atPath: "\(base)/\(version)/bin/\($0)") }
    }
    return newest.map { "\(base)/\($0)/bin" }
  }()

  private static let user = "postgres"
  private static var isRoot: Bool { getuid() == 0 }

  /// Whether the server can be started: it needs a user other than root.
  static var canRun: Bool {
    folder != nil && (!isRoot || (getpwnam(user) != nil && FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv")))
  }

  /// The command that runs one of them as that user, in a session of its own.
  static func command(_ program: String, _ arguments: [String]) throws -> [String] {
    guard let folder else { throw PostgresTestError(PostgresCluster.skipped) }
    let own = ["/usr/bin/env", "-i", "PATH=\(folder):/usr/bin:/bin", "LC_ALL=C.UTF-8", "\(folder)/\(program)"] + arguments
    let asUser = ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"]
    return ["/usr/bin/setsid"] + (isRoot ? asUser : []) + own
  }

  /// Gives a file or folder to that user.
  static func handOver(_ path: String) {
    guard isRoot, let entry = getpwnam(user) else { return }
    chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid)
  }

  /// The children of a process: each of the server's has a session of its own, which the signal of a group does not reach.
  static func children(of parent: pid_t) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { pid in
      guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let end = stat.lastIndex(of: ")")
      else { return false }
      // State, then the parent.
      let words = stat[stat.index(after: end)...].split(separator: " ")
      return words.count > 1 && words[1] == "\(parent)"
    }
  }
}

package struct PostgresTestError: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

internal import CCurl
internal import CLibPQ
internal import CLibCrypto
internal import CLibYAML
internal import CLibrdkafka
internal import CMicroHTTPD
internal import CPCRE2
internal import CSQLite
internal import CZlib
internal import Foundation
internal import Glibc
internal import KafkaLog
internal import ReadModels
internal import SQLiteReadModels
internal import TableStore

/// One thing that `afterimage doctor` looked at.
package struct Diagnosis: Sendable, Equatable {
  package enum Verdict: String, Sendable { case fine = "ok", note, wrong }

  package let verdict: Verdict
  package let subject: String
  package let finding: String
  /// What to do; empty when there is nothing to do.
  package let advice: String

  package init(_ verdict: Verdict, _ subject: String, _ finding: String, advice: String = "") {
    self.verdict = verdict
    self.subject = subject
    self.finding = finding
    self.advice = advice
  }
}

/// What can be seen of a machine and a data directory from outside, without taking or changing anything.
package enum Diagnostics {
  /// Below this the store could stop at any moment.
  static let freeBytesMin: UInt64 = 200 << 20
  static let freeBytesLow: UInt64 = 2 << 30

  /// The versions of the libraries that this program runs with.
  package static func libraries() -> [Diagnosis] {
    var pcre = [CChar](repeating: 0, count: 64)
    _ = pcre2_config_8(UInt32(PCRE2_CONFIG_VERSION), &pcre)
    let versions = [
      "rocksdb \(loadedVersion("librocksdb.so."))", "librdkafka \(String(cString: rd_kafka_version_str()))",
      "sqlite \(String(cString: sqlite3_libversion()))", "libpq \(libpq())",
      "libmicrohttpd \(String(cString: MHD_get_version()))",
      "libcurl \(String(cString: afterimage_curl_version()))",
      "libyaml \(String(cString: yaml_get_version_string()))", "zlib \(String(cString: zlibVersion()))",
      String(cString: OpenSSL_version(OPENSSL_VERSION)),
      "pcre2 \(String(decoding: pcre.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))",
    ]
    let formats =
      "tables \(TableStore.formatVersion), read models \(ReadModelFormat.version), records on Kafka \(RecordHeaders.format)"
    return [Diagnosis(.fine, "libraries", versions.joined(separator: ", ")), Diagnosis(.fine, "formats", formats)]
  }

  /// Major and minor, as the project's own numbers are.
  private static func libpq() -> String { "\(PQlibVersion() / 10_000).\(PQlibVersion() % 10_000)" }

  /// The version in the name of a library's file, for one that does not tell it by its C interface.
  private static func loadedVersion(_ prefix: String) -> String {
    // A file of /proc has no size, so it is read to its end.
    guard let maps = FileHandle(forReadingAtPath: "/proc/self/maps"), let data = try? maps.readToEnd() else { return "unknown" }
    let paths = String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { $0.split(separator: " ").last }
    guard let path = paths.first(where: { $0.contains(prefix) }) else { return "unknown" }
    let file = URL(filePath: String(path)).resolvingSymlinksInPath().lastPathComponent
    return String(file.dropFirst(prefix.count))
  }

  package static func disk(_ path: String) -> [Diagnosis] {
    var place = path
    while !FileManager.default.fileExists(atPath: place), place != "/", place.contains("/") {
      place = (place as NSString).deletingLastPathComponent
    }
    var status = statvfs()
    guard statvfs(place.isEmpty ? "." : place, &status) == 0 else { return [] }
    let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
    let text = "\(free >> 30) GB free for \(path)"
    if free < freeBytesMin {
      return [
        Diagnosis(.wrong, "disk", "only \(free >> 20) MB free for \(path)", advice: "make room: without it writes are refused")
      ]
    }
    return [Diagnosis(free < freeBytesLow ? .note : .fine, "disk", text)]
  }

  /// The process that holds a data directory, as its lock file names it; nil when none does.
  package static func holder(_ path: String) -> String? {
    let descriptor = open(path + "/lock", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
    let text = FileManager.default.contents(atPath: path + "/lock").map { String(decoding: $0, as: UTF8.self) } ?? ""
    return text.split(separator: "\n").first.map(String.init) ?? "an unknown process"
  }

  package static func directory(_ path: String) -> [Diagnosis] {
    guard FileManager.default.fileExists(atPath: path) else {
      return [Diagnosis(.note, "data", "\(path) is not there yet", advice: "`afterimage dev --data \(path)` makes it")]
    }
    var found: [Diagnosis] = []
    if access(path, W_OK) != 0 {
      found.append(
        Diagnosis(
          .wrong, "data", "\(path) cannot be written: \(String(cString: strerror(errno)))",
          advice: "change its owner, or choose another with --data"))
    }
    if let holder = holder(path) {
      found.append(Diagnosis(.fine, "data", "\(path) is in use by \(holder)"))
    } else {
      found.append(Diagnosis(.fine, "data", "\(path) is there, and no process uses it"))
      // A process that has the tables open has looked at its logs itself.
      if let log = tableLog(path) { found.append(log) }
    }
    return found + readModels(path)
  }

  /// What a start would say of the tables' write-ahead log; nil where there are no tables.
  private static func tableLog(_ data: String) -> Diagnosis? {
    let tables = data + "/tables"
    guard FileManager.default.fileExists(atPath: tables + "/CURRENT") else { return nil }
    guard let damage = TableStore.damage(path: tables) else {
      return Diagnosis(.fine, "tables", "their write-ahead log is not damaged")
    }
    return Diagnosis(
      .wrong, "tables", "\(damage.file) is damaged at byte \(damage.offset): \(damage.reason)",
      advice: "put the file back from a copy, or see what can be kept with: "
        + "afterimage table recover --up-to-damage --data \(data)")
  }

  private static func readModels(_ data: String) -> [Diagnosis] {
    let path = data + "/read-models"
    return ((try? ReadModelPlace.data(data).pipelines()) ?? []).flatMap { name -> [Diagnosis] in
      do throws(ReadModelError) {
        return try readModel(name, path + "/" + name, data)
      } catch {
        let found = checkedRows(name, at: .data(data))
        if found.contains(where: { $0.verdict == .wrong }) { return found }
        return [
          Diagnosis(
            .wrong, "read model \(name)", "\(path)/\(name) cannot be read: \(error)",
            advice: "stop the process and delete \(path)/\(name): the read model is rebuilt from the log")
        ]
      }
    }
  }

  private static func readModel(_ name: String, _ path: String, _ data: String) throws(ReadModelError) -> [Diagnosis] {
    let subject = "read model \(name)"
    let summary = try ReadModelSummary(directory: path)
    let isNew = Diagnosis(.note, subject, "is being made")
    guard let generations = summary.generations else { return [isNew] }
    let shown = generations.map { "\($0.number) (\($0.state))" }.joined(separator: ", ")
    var found = [Diagnosis(.fine, subject, "generations \(shown)")]
    switch summary.current {
    case .none: return FileManager.default.fileExists(atPath: path + "/current.db") ? [isNew] : found
    case .otherFormat(let version):
      found.append(
        Diagnosis(
          .wrong, subject, "has format \(version), this program reads format \(ReadModelFormat.version)",
          advice: "run the program that wrote it, or stop the process and: afterimage pipeline rebuild \(name) --data \(data)"))
      return found
    case .known(let lanes, let deadLetters):
      let places = lanes.map { "\($0.table):\($0.partition):\($0.sequence)" }.joined(separator: ", ")
      found.append(Diagnosis(.fine, subject, "holds the records through \(places)"))
      if deadLetters > 0 {
        found.append(
          Diagnosis(
            .note, subject, "\(deadLetters) dead letters", advice: "see them with: afterimage dead-letter list \(name)"))
      }
      return found + checkedRows(name, at: .data(data))
    }
  }

  /// Whether the rows equal their hashes, and what there is to say of those that do not.
  static func checkedRows(_ name: String, at place: ReadModelPlace) -> [Diagnosis] {
    let subject = "read model \(name)"
    do throws(StartError) {
      let check = try ReadModelCheck(name, at: place)
      let count = check.rows.reduce(0) { $0 + $1.found.rows }
      guard !check.isFine else { return [Diagnosis(.fine, subject, "\(count) rows equal their hashes: \(check.digest ?? "")")] }
      let advice = ReadModelCheck.advice(name, at: place)
      return check.findings.map { Diagnosis(.wrong, subject, $0, advice: $0 == check.findings.last ? advice : "") }
    } catch {
      return [Diagnosis(.note, subject, "its rows were not checked: \(error)")]
    }
  }
}

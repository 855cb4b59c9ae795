internal import Foundation
internal import Glibc

/// A process's data directory. Who writes in it holds it alone: `lock` names the holder, and is locked for as long as the process lives.
package final class DataDirectory: Sendable {
  package let path: String
  private let descriptor: Int32

  /// `isHeld` false: for a process that only reads what another one keeps there. `lead` begins what is thrown.
  package init(_ path: String, isHeld: Bool = true, _ lead: String = "") throws(StartError) {
    self.path = path
    guard isHeld else {
      descriptor = -1
      return
    }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw StartError(
        "\(lead)the data directory \(path) cannot be created: \(error.localizedDescription); choose another with --data")
    }
    let lock = path + "/lock"
    descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw StartError(
        "\(lead)the data directory \(path) cannot be written: \(String(cString: strerror(errno))); choose another with --data")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = (FileManager.default.contents(atPath: lock).map { String(decoding: $0, as: UTF8.self) } ?? "").split(
        separator: "\n"
      ).first
      let descriptor = descriptor
      Glibc.close(descriptor)
      throw StartError(
        "\(lead)the data directory \(path) is in use by another afterimage process (\(holder.map(String.init) ?? "unknown")): stop it, "
          + "or choose another directory with --data, where this one has tables, read models and effects of its own; workers share pipelines "
          + "through --kafka and --read-models")
    }
    ftruncate(descriptor, 0)
    let text = "pid \(getpid())\n"
    _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  package var tables: String { path + "/tables" }
  /// What stands in for S3: exports go there and imports come from there, each bucket a directory.
  package var buckets: String { path + "/buckets" }
  package func readModels(_ pipeline: String) -> String { path + "/read-models/" + pipeline }
  /// The sample pipelines that are built into the program.
  package static func samplePipelines(_ path: String) -> String { path + "/sample-pipelines" }
}

extension DataDirectory {
  /// Deletes a data directory and everything in it, unless a process holds it. A directory that is not one of ours is left alone.
  package static func remove(_ path: String) throws(StartError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    // `imports` is of before: imports kept in it how far they got.
    let known: Set<String> = ["lock", "tables", "read-models", "buckets", "imports", "sample-pipelines"]
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    guard names.allSatisfy({ known.contains($0) || $0.hasPrefix(InstanceLock.prefix) }) else {
      throw StartError(
        "\(path) holds files that are not afterimage's: nothing was deleted; remove it yourself, or choose another --data")
    }
    let held = try DataDirectory(path)
    do {
      for name in names where name != "lock" { try FileManager.default.removeItem(atPath: held.path + "/" + name) }
    } catch {
      throw StartError("\(path) cannot be deleted: \(error.localizedDescription)")
    }
  }
}

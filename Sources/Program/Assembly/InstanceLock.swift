internal import Foundation
internal import Glibc

/// A worker's instance name, held in its data directory for as long as the process lives: a second process of the name there is refused, and `worker drain`
/// finds the process by it.
package final class InstanceLock: Sendable {
  /// What asks a process to leave its lanes to others and end.
  package static let drainSignal = SIGUSR1
  /// Begins the names of the files, which may have 255 bytes.
  static let prefix = "name-"
  /// As Kafka takes them.
  package static let bytesMax = 249

  private let descriptor: Int32

  /// Makes the directory when it is missing. Throws when another process has the name there, and for a directory that cannot be written.
  init(_ name: String, in path: String) throws(StartError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw StartError("the data directory \(path) cannot be created: \(error.localizedDescription); choose another with --data")
    }
    let descriptor = open(InstanceLock.file(name, in: path), O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw StartError(
        "the data directory \(path) cannot be written: \(String(cString: strerror(errno))); choose another with --data")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      Glibc.close(descriptor)
      let holder = try InstanceLock.holder(of: name, in: path).map { "process \($0)" } ?? "another process"
      throw StartError("\(holder) has the instance name \(name) in \(path): give each process its own --instance")
    }
    ftruncate(descriptor, 0)
    let text = "pid \(getpid())\n"
    _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
    self.descriptor = descriptor
  }

  deinit { Glibc.close(descriptor) }

  /// Whether Kafka takes a text as an instance name: 1 to 249 letters, digits, dots, underscores and hyphens of ASCII, and not dots alone.
  package static func isName(_ text: String) -> Bool {
    (1...bytesMax).contains(text.utf8.count) && text != "." && text != ".."
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  private static func file(_ name: String, in path: String) -> String { "\(path)/\(prefix)\(name)" }

  /// The process that has a name; nil when none does.
  package static func holder(of name: String, in path: String) throws(StartError) -> Int32? {
    let file = file(name, in: path)
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    if descriptor < 0, errno == ENOENT { return nil }
    guard descriptor >= 0 else { throw StartError("\(file) cannot be read: \(String(cString: strerror(errno)))") }
    defer { Glibc.close(descriptor) }
    if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
    let text = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
    guard let process = text.split(whereSeparator: \.isWhitespace).last.flatMap({ Int32($0) }), process > 0 else {
      throw StartError("\(file) does not name the process that holds it")
    }
    return process
  }

  /// Asks the process that has a name to leave its lanes to others and end. Answers which it is; nil when none has it.
  package static func drain(_ name: String, in path: String) throws(StartError) -> Int32? {
    guard let process = try holder(of: name, in: path) else { return nil }
    guard kill(process, drainSignal) == 0 else {
      throw StartError("the process \(process) cannot be asked: \(String(cString: strerror(errno)))")
    }
    return process
  }
}

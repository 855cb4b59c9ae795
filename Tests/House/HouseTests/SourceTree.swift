import Foundation
import Services

/// The repository's own files, as git has them.
enum SourceTree {
  static let root: URL = {
    var folder = URL(filePath: #filePath)
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    return folder
  }()

  struct File {
    /// From the root.
    let path: String
    let text: String
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
  }

  /// Tracked files whose path begins with one of these and ends so.
  static func files(_ folders: [String], ending: String = ".swift") throws -> [File] {
    try paths().filter { path in path.hasSuffix(ending) && folders.contains { path.hasPrefix($0) } }.compactMap { path in
      guard let data = FileManager.default.contents(atPath: root.path + "/" + path) else { return nil }
      return File(path: path, text: String(decoding: data, as: UTF8.self))
    }
  }

  static func paths() throws -> [String] {
    let output = FileManager.default.temporaryDirectory.path + "/tracked-files-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: output) }
    try Executable.run(["/usr/bin/env", "git", "-C", root.path, "ls-files"], output: output)
    let text = try String(contentsOfFile: output, encoding: .utf8)
    return text.split(separator: "\n").map(String.init)
  }
}

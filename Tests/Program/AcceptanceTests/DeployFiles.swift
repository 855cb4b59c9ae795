import Foundation
import Testing

/// What is under deploy/, as its tests read it.
enum DeployFiles {
  static let folder = Program.repository.appending(path: "deploy").path

  static func text(_ name: String) throws -> String { try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }

  /// The names of a folder's files that end so, in order.
  static func names(_ folder: String, ending: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(self.folder)/\(folder)").filter { $0.hasSuffix(ending) }.sorted()
  }

  /// Every name that the sources give to a metric of the program's own.
  static func metricNames() throws -> Set<String> {
    let sources = Program.repository.appending(path: "Sources").path
    var names: Set<String> = []
    for case let path as String in try #require(FileManager.default.enumerator(atPath: sources)) where path.hasSuffix(".swift") {
      let text = try String(contentsOfFile: "\(sources)/\(path)", encoding: .utf8)
      for match in text.matches(of: /"(afterimage_[a-z_]+)"/) { names.insert(String(match.1)) }
    }
    return names
  }

  /// The names of our metrics in an expression, of histograms without the ending of their parts.
  static func metrics(in expression: String, of known: Set<String>) -> Set<String> {
    Set(
      expression.matches(of: /\bafterimage_[a-z_]+/).map { match in
        let name = String(match.0)
        if known.contains(name) { return name }
        for ending in ["_bucket", "_sum", "_count"] where name.hasSuffix(ending) { return String(name.dropLast(ending.count)) }
        return name
      })
  }
}

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

  /// The shipped alert rules as a file in which each fires at once.
  static func rulesWithoutPatience(in folder: TestFolder) throws -> String {
    try folder.write("alerts.yml", try text("prometheus/alerts.yml").replacing(/\n +for: \w+/, with: ""))
  }

  /// The shipped alert rules as a file in which each fires at once, and what may last a minute or more in earnest lasts four seconds at most.
  static func rulesInSeconds(in folder: TestFolder) throws -> String {
    let text = try String(contentsOfFile: try rulesWithoutPatience(in: folder), encoding: .utf8)
      .replacing(/> (?:60|120)\b/, with: "> 4").replacing("> 10000", with: "> 100").replacing("[5m]", with: "[6s]")
    return try folder.write("alerts.yml", text)
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

  /// The settings of an instance of the unit: `NAME=VALUE` lines as systemd reads them.
  struct Instance {
    let settings: [String: String]

    init(_ file: String) throws {
      var settings: [String: String] = [:]
      for line in try DeployFiles.text("systemd/\(file)").split(separator: "\n") where !line.hasPrefix("#") {
        let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
        try #require(parts.count == 2, "\(file): \(line)")
        settings[parts[0]] = parts[1]
      }
      self.settings = settings
    }

    var roles: String { settings["AFTERIMAGE_ROLES"] ?? "" }

    /// What the unit starts the program with, beside the data directory, with other texts for some.
    func words(_ replacing: [String: String] = [:]) -> [String] {
      let options = (settings["AFTERIMAGE_OPTIONS"] ?? "").split(separator: " ").map(String.init)
      return ["serve", "--roles", roles]
        + options.map { word in replacing.reduce(word) { $0.replacing($1.key, with: $1.value) } }
    }

    /// What it finds in its environment.
    func environment(_ replacing: [String: String] = [:]) -> [String] {
      settings.filter { $0.key != "AFTERIMAGE_ROLES" && $0.key != "AFTERIMAGE_OPTIONS" }.map { name, value in
        "\(name)=\(replacing.reduce(value) { $0.replacing($1.key, with: $1.value) })"
      }
    }
  }
}

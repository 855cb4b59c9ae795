import Foundation
import Testing

/// The rules of the house, which is the whole of the sources: who may import whom, how long a file may be, what must be explained, and what may not lie about.
@Suite struct HouseTests {
  /// The modules of the layers, as architecture has them: a module imports only modules above it.
  static let order: [(room: String, modules: [String])] = [
    (
      "Libraries",
      [
        "CRocksDB", "CMicroHTTPD", "CLibrdkafka", "CSQLite", "CLibPQ", "CLibYAML", "CPCRE2", "CLibCrypto", "CZlib", "CCurl",
        "CMalloc", "CSpawn",
        "RocksDB", "SQLite", "Postgres", "YAML", "Patterns", "Crypto", "Gzip", "CSV", "Spelling",
      ]
    ),
    ("Process", ["Arguments", "Services", "Telemetry", "AccessKeys"]),
    // These own threads or run blocking calls, in the way of Services.
    ("Libraries", ["HTTPServer", "HTTPClient", "Kafka"]),
    ("Items", ["DynamoModel", "Expressions", "ChangeRecords", "DynamoClient"]),
    ("Log", ["ChangeLog", "KafkaLog", "ServedLog"]),
    ("WriteSide", ["TableStore", "Relay", "TableAPI"]),
    (
      "ReadSide",
      [
        "Pipelines", "Projections", "ReadModels", "SQLiteReadModels", "PostgresReadModels", "PipelineFiles", "Workers",
        "QueryAPI",
        "Dashboard",
      ]
    ),
    ("Program", ["Assembly", "EmbedPipelines", "afterimage-embed", "afterimage", "afterimage-bench"]),
  ]

  static let linesMax = 500

  private static func module(of path: String) -> String { path.split(separator: "/").dropFirst(2).first.map(String.init) ?? "" }

  private static func imports(_ file: SourceTree.File) -> [String] {
    file.lines.compactMap { line in
      let words = line.split(separator: " ")
      guard let place = words.firstIndex(of: "import"), place <= 1, words.count == place + 2 else { return nil }
      return String(words[place + 1])
    }
  }

  @Test func `a module imports only modules above it`() throws {
    let all = Self.order.flatMap(\.modules)
    for file in try SourceTree.files(["Sources/"]) {
      let module = Self.module(of: file.path)
      let own = try #require(all.firstIndex(of: module), "\(file.path) is in none of the layers")
      for imported in Self.imports(file) {
        if let place = all.firstIndex(of: imported) { #expect(place < own, "\(file.path) imports \(imported)") }
      }
    }
  }

  @Test func `the read side imports nothing of the write side`() throws {
    let write = Self.order.filter { $0.room == "WriteSide" }.flatMap(\.modules)
    for file in try SourceTree.files(["Sources/ReadSide/"]) {
      for imported in Self.imports(file) { #expect(!write.contains(imported), "\(file.path) imports \(imported)") }
    }
  }

  @Test func `no file is too long`() throws {
    for file in try SourceTree.files(["Sources/", "Tests/"]) {
      #expect(file.lines.count - 1 <= Self.linesMax, "\(file.path) has \(file.lines.count - 1) lines")
    }
  }

  @Test func `what crosses a module's border is explained`() throws {
    let kinds = ["struct", "class", "enum", "actor", "protocol"]
    for file in try SourceTree.files(["Sources/"]) {
      for (number, line) in file.lines.enumerated() where line.hasPrefix("package ") {
        let words = line.split(separator: " ")
        guard words.contains(where: { kinds.contains(String($0)) }), !words.contains("import"), !words.contains("extension")
        else { continue }
        var above = number - 1
        while above >= 0, file.lines[above].hasPrefix("@") { above -= 1 }
        #expect(above >= 0 && file.lines[above].hasPrefix("///"), "\(file.path):\(number + 1) has no doc comment")
      }
    }
  }

  @Test func `no build output, no path of a machine and no left-over marker is in the tree`() throws {
    let paths = try SourceTree.paths()
    for path in paths {
      #expect(!path.contains(".build") && !path.hasSuffix(".o") && !path.hasSuffix("Package.resolved"), "\(path)")
    }
    let markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
    let places = ["/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/"]
    for file in try SourceTree.files(["Sources/", "Tests/", "pipelines/", "deploy/", ".ci/", "Makefile"], ending: "") {
      for (number, line) in file.lines.enumerated() {
        for marker in markers where line.split(whereSeparator: { !$0.isLetter }).contains(Substring(marker)) {
          Issue.record("\(file.path):\(number + 1) has the marker \(marker)")
        }
        for place in places where line.contains(place) { Issue.record("\(file.path):\(number + 1) names \(place)") }
      }
    }
  }

  @Test func `the top level holds what it is to hold and nothing else`() throws {
    let allowed: Set<String> = ["Package.swift", "Sources", "Tests", "pipelines", "deploy", "README.md", "Makefile", "LICENSE"]
    for name in Set(try SourceTree.paths().map { String($0.split(separator: "/")[0]) }) where !name.hasPrefix(".") {
      #expect(allowed.contains(name), "\(name)")
    }
  }
}

internal import Foundation

/// The parts of the bench, by name.
enum Parts {
  typealias Part = @Sendable (inout Report) async throws -> Void

  static let all: [(name: String, run: Part)] = [
    ("decode", DecodeBench.run), ("fold", FoldBench.run), ("ranks", RankBench.run), ("sessions", SessionBench.run),
    ("rows", RowBench.run), ("pipeline", PipelineBench.run), ("stores", StoreBench.run), ("million", MillionBench.run),
    ("http", HTTPBench.run), ("rank-http", RankHTTPBench.run), ("import", ImportBench.run), ("server", ServerBench.run),
    ("indexed", IndexedBench.run),
    ("kafka", KafkaBench.run), ("visible", VisibleBench.run), ("fleet-visible", FleetVisibleBench.run),
    ("fleet-scale", FleetScaleBench.run), ("dead-rows", DeadRowsBench.run),
  ]

  /// Runs the parts named, or all, and prints the report. A part that fails is noted, and the others go on.
  static func run(_ wanted: [String]) async {
    for name in wanted where !all.contains(where: { $0.name == name }) {
      let known = all.map(\.name).joined(separator: ", ")
      FileHandle.standardError.write(Data("afterimage-bench: no part `\(name)`; there are \(known)\n".utf8))
      exit(2)
    }
    var report = Report()
    for (name, part) in all where wanted.isEmpty || wanted.contains(name) {
      FileHandle.standardError.write(Data("\(name)\n".utf8))
      do {
        try await part(&report)
      } catch {
        report.note(name, "failed: \(error)")
      }
    }
    FileHandle.standardOutput.write(Data((report.json + "\n").utf8))
  }
}

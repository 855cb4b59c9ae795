import Foundation
import PipelineFiles
import Pipelines
import PostgresTestKit
import Testing

/// Random pipelines over hostile histories, by the engine and by the plain model beside it: rows, ranks, dead letters and effects are
/// equal whatever the batches, restarts, partitions, interleaving and redelivery. `AFTERIMAGE_MODEL_PIPELINES` sets how many there are;
/// `AFTERIMAGE_SEED` re-runs one, or is the first of so many where both are set, and a failure prints it.
@Suite struct RandomReadSideTests {
  static let givenCount = UInt64(ProcessInfo.processInfo.environment["AFTERIMAGE_MODEL_PIPELINES"] ?? "")
  static let givenSeed = UInt64(ProcessInfo.processInfo.environment["AFTERIMAGE_SEED"] ?? "")
  static let workers = 2

  @Test func `the engine agrees with the plain model`() async throws {
    try await Self.agree(in: .sqlite, count: Self.givenCount ?? (Self.givenSeed == nil ? 200 : 1))
  }

  @Test(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
  func `the engine agrees with the plain model in PostgreSQL`() async throws {
    try await Self.agree(in: .postgres, count: Self.givenCount.map { max(1, $0 / 10) } ?? (Self.givenSeed == nil ? 20 : 1))
  }

  private static func agree(in readModels: StoreKind, count: UInt64) async throws {
    let first = Self.givenSeed ?? 1
    let seeds = Array(first..<first + count)
    let refused = try await withThrowingTaskGroup(of: Int.self) { group in
      for worker in 0..<Self.workers {
        group.addTask {
          var refused = 0
          for (place, seed) in seeds.enumerated() where place % Self.workers == worker {
            refused += try await Self.agree(seed, readModels)
          }
          return refused
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(refused * 4 <= seeds.count + refused, "the loader refuses \(refused) of \(seeds.count + refused) draws")
  }

  /// Answers how many draws were refused before one was taken.
  private static func agree(_ seed: UInt64, _ readModels: StoreKind) async throws -> Int {
    let (text, pipeline, refused) = drawn(seed)
    let clocks = ClockDraw(seed: seed)
    var history = HistoryDraw(seed: seed, focus: focus(seed), keys: KeyDraw(seed: seed))
    var start = history.now
    var steps = history.steps()
    if let given = clocks.start(taking: history.now - start) {
      start = given
      history = HistoryDraw(seed: seed, focus: focus(seed), keys: KeyDraw(seed: seed), start: start)
      steps = history.steps()
    }
    let trial = Trial(pipeline: pipeline, start: start, clocks: clocks, seed: seed, readModels: readModels)
    guard let problem = try await trial.problem(steps) else { return refused }
    let (shrunk, left) = try await trial.shrunk(steps, problem)
    let report =
      """
      AFTERIMAGE_SEED=\(seed) in \(readModels): \(left)
      \(text)
      \(clocks)
      from \(start) ms: \(shrunk.count) of \(steps.count) steps
      \(shrunk.map { "  \($0)" }.joined(separator: "\n"))
      """
    // A report ends for the reader with the first U+0000.
    Issue.record(Comment(rawValue: report.replacing("\u{0}", with: "\\0")))
    return refused
  }

  private static func focus(_ seed: UInt64) -> PipelineDraw.Focus {
    var draw = Draw(seed: seed ^ 0xf0c5)
    return draw.pick(PipelineDraw.Focus.allCases)
  }

  private static func drawn(_ seed: UInt64) -> (text: String, pipeline: Pipeline, refused: Int) {
    var (tries, refused) = (0, 0)
    while true {
      var draw = PipelineDraw(seed: seed &+ UInt64(tries) << 32, focus: focus(seed), keys: KeyDraw(seed: seed))
      let text = draw.text()
      tries += 1
      do throws(PipelineError) {
        let pipeline = try PipelineLoader.load(text: Array(text.utf8), file: "pipeline.yaml")
        guard let name = draw.overlong?.name, text.contains(name) else { return (text, pipeline, refused) }
        Issue.record("AFTERIMAGE_SEED=\(seed): `\(name)` is accepted\n\(text)")
      } catch {
        if let (name, inSQL) = draw.overlong, text.contains(name) {
          let isNamed = error.description.contains("`\(inSQL)`") && error.description.contains("has 64 bytes")
          let shorter = text.replacing(name, with: name.dropLast())
          // With one byte less it is taken, unless something else is wrong as well.
          if !isNamed, (try? PipelineLoader.load(text: Array(shorter.utf8), file: "pipeline.yaml")) != nil {
            Issue.record("AFTERIMAGE_SEED=\(seed): `\(name)` is not what is refused: \(error)\n\(text)")
          }
          continue
        }
        refused += 1
        if givenSeed != nil, givenCount == nil { print("refused: \(error.description.prefix(400))") }
        precondition(tries < 100, "\(error)\n\(text)")
      }
    }
  }
}

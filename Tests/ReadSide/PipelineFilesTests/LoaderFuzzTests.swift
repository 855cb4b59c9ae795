import Foundation
import PipelineFiles
import PipelineTestKit
import Pipelines
import RandomTestKit
import Testing

/// Files that are wrong in many ways at once: findings with places, never a trap, and never SQLite's own words at 1:1.
@Suite struct LoaderFuzzTests {
  static let words = [
    "", "null", "~", "[]", "{}", "[[]]", "{ a: { b: c } }", "-1", "0", "99999999999999999999", "9223372036854775807", "1e400",
    "-0",
    "0x10", "9999999999h", "36525d", "0000-01-01", "'", "\"\"", "`", "{", "}", "[", "]", "{}{}", "{x}", "\"{a}[{b}]\"",
    "explode(Tags)",
    "day of commit", "old.x", "new.x", "old", "item", "order", "select", "_at", "session_id", "commit", "é", "\\u0000", "x y",
    "a.b[1].c",
    "a[99999999999999999999]", "latest", "removed", "when", "lower(lower(x))", "json(x, 'a[')", "count", "sum()", "sum(sum(x))",
    ":now",
    "SELECT 1", "SELECT datetime('now')", "1..2", "2..1", "timestamp(Europe/Nowhere)", "timestamp(", "decimal", "any",
    "100 boards",
    "$idle", "$", "$$", "'$idle'", "$least", "added(x)", "removed(tag)", "added(", "30m",
    "touch", "midnight 'Mars'", String(repeating: "a", count: 70), String(repeating: "(", count: 40),
  ]

  /// A text with some of its words replaced, moved or taken out.
  static func broken(_ text: String, _ random: inout SeededGenerator) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let line = Int.random(in: 0..<lines.count, using: &random)
      switch Int.random(in: 0...9, using: &random) {
      case 0: lines.remove(at: line)
      case 1: lines.insert(lines[Int.random(in: 0..<lines.count, using: &random)], at: line)
      case 2: lines[line] = "  " + lines[line]
      default:
        var parts = lines[line].split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let filled = parts.indices.filter { !parts[$0].isEmpty }
        guard let place = filled.randomElement(using: &random) else { continue }
        parts[place] = words.randomElement(using: &random) ?? ""
        lines[line] = parts.joined(separator: " ")
      }
      if lines.isEmpty { lines = [""] }
    }
    return lines.joined(separator: "\n")
  }

  static let seeds = Int(ProcessInfo.processInfo.environment["AFTERIMAGE_LOADER_SEEDS"] ?? "") ?? 400

  @Test func `a broken file gives findings with their places`() throws {
    let own = [
      FindingsTests.base, EvaluationTests.text, KeyedInputTests.text, ParameterTests.text,
      HistoryFindingsTests.text(
        "history: task, each: [added(tag), removed(tag)], key: [id], columns: { t: tag, o: old.n }, keep: $most"),
    ]
    let texts = own + GrammarKeyCase.all.map(\.with.pipeline)
    for seed in 0..<Self.seeds {
      var random = SeededGenerator(seed: UInt64(seed))
      let text = Self.broken(texts[seed % texts.count], &random)
      for finding in FindingsTests.findings(text) {
        #expect(!finding.message.contains("syntax error") || finding.line > 1, "seed \(seed): \(finding)")
        #expect(!finding.message.isEmpty)
      }
    }
  }

  @Test func `a broken test of a pipeline gives findings with their places`() throws {
    let cases = GrammarKeyCase.all.filter { $0.outcome == .rows }
    for seed in 0..<Self.seeds {
      var random = SeededGenerator(seed: UInt64(seed))
      let key = cases[seed % cases.count]
      let pipeline = try PipelineLoader.load(text: Array(key.with.pipeline.utf8), file: "p.yaml")
      let text = Self.broken(key.with.scenario, &random)
      do throws(PipelineError) {
        _ = try ScenarioLoader.load(text: Array(text.utf8), file: "t.yaml", of: pipeline)
      } catch {
        #expect(!error.findings.isEmpty)
      }
    }
  }
}

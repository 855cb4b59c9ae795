internal import DynamoModel
package import PipelineFiles
internal import Pipelines

/// A key of the grammar, and a file in which it can be seen to do something: what comes out is another thing when the key is taken away.
package struct GrammarKeyCase: Sendable, CustomStringConvertible {
  /// Where the difference shows.
  package enum Outcome: Sendable {
    /// Without the key (or, for a key that forbids, with it) the file or its test has something wrong.
    case findings
    /// The same rows follow, but what is created, shown or answered is described in another way.
    case told
    /// With the key the scenario holds, without it it does not.
    case rows
  }

  package let key: GrammarKey
  /// What of the key is seen, where it has several values: `boards`.
  package let aspect: String
  package let outcome: Outcome
  /// The file and its test with the key, and without it.
  package let with: (pipeline: String, scenario: String)
  package let without: (pipeline: String, scenario: String)

  /// In the texts stands `«a|b»`: `a` with the key, and `b`, or nothing, without it.
  init(_ mapping: String, _ key: String, _ outcome: Outcome, _ pipeline: String, _ steps: String = "", aspect: String = "") {
    self.key = GrammarKey(mapping, key)
    self.aspect = aspect
    self.outcome = outcome
    let scenario = "test: \(key)\nsteps:\n  - at: 2026-01-01T10:00:00Z\n\(steps)"
    with = (GrammarKeyCase.text(pipeline, with: true), scenario)
    without = (GrammarKeyCase.text(pipeline, with: false), scenario)
  }

  package var description: String { aspect.isEmpty ? "\(key)" : "\(key) (\(aspect))" }

  private static func text(_ marked: String, with isWith: Bool) -> String {
    marked.split(separator: "«", omittingEmptySubsequences: false).enumerated().map { index, part in
      guard index > 0 else { return String(part) }
      let halves = part.split(separator: "»", maxSplits: 1, omittingEmptySubsequences: false)
      let choices = halves[0].split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
      return String((isWith ? choices[0] : choices.count > 1 ? choices[1] : "") + halves[1])
    }.joined()
  }

  /// Everything that the loader says of a file and its test, in one text.
  package static func told(_ text: (pipeline: String, scenario: String)) -> (text: String, isWrong: Bool) {
    do throws(PipelineError) {
      let pipeline = try PipelineLoader.load(text: Array(text.pipeline.utf8), file: "p.yaml")
      _ = try ScenarioLoader.load(text: Array(text.scenario.utf8), file: "t.yaml", of: pipeline)
      let tables = pipeline.tables.map { "\($0.definition) \($0.partitions.map { "\($0)" } ?? "")" }
      var json = JSONWriter()
      pipeline.writeJSON(to: &json)
      return (
        pipeline.explanation + String(decoding: json.bytes, as: UTF8.self) + tables.joined() + "\(pipeline.dashboard)", false
      )
    } catch {
      return (error.description, true)
    }
  }
}

internal import Foundation
package import Pipelines
internal import YAML

/// Loads the scenarios of a pipeline's folder: every `tests/*.yaml`, in the order of the names.
package enum ScenarioLoader {
  /// Throws every finding of all files. A folder without tests has none.
  package static func load(_ folder: String, of pipeline: Pipeline) throws(PipelineError) -> [Scenario] {
    let tests = folder + "/tests"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: tests)) ?? []
    var scenarios: [Scenario] = []
    var findings: [Finding] = []
    for name in names.sorted() where name.hasSuffix(".yaml") {
      let file = "\(tests)/\(name)"
      guard let data = FileManager.default.contents(atPath: file) else {
        findings.append(Finding(file: file, mark: Mark(line: 1, column: 1), message: "the file cannot be read"))
        continue
      }
      do throws(PipelineError) {
        scenarios += try load(text: Array(data), file: file, of: pipeline)
      } catch {
        findings += error.findings
      }
    }
    if !findings.isEmpty { throw PipelineError(findings) }
    return scenarios
  }

  /// The same from one file's bytes: a scenario (`test:`, `steps:`) or a list of them.
  package static func load(text: [UInt8], file: String, of pipeline: Pipeline) throws(PipelineError) -> [Scenario] {
    let root: YAMLNode
    do throws(YAMLError) {
      root = try YAML.parse(text)
    } catch {
      throw PipelineError([Finding(file: file, mark: error.mark, message: error.message)])
    }
    let reader = ScenarioReader(pipeline: pipeline, file: file)
    let scenarios = (root.sequence ?? [root]).compactMap(reader.scenario)
    guard reader.findings.all.isEmpty else { throw PipelineError(reader.findings.sorted) }
    return scenarios
  }
}

internal import Foundation
package import Pipelines
internal import YAML

/// Loads pipelines: the one way in, for `check`, `test`, `show` and `run` alike.
package enum PipelineLoader {
  package static let fileName = "pipeline.yaml"

  /// The pipeline in a folder (or in the file itself), with the parameters that are set for it. Throws every finding, or the one that the file cannot be read.
  package static func load(_ path: String, set settings: ParameterSettings = .none) throws(PipelineError) -> Pipeline {
    var isFolder: ObjCBool = false
    let file =
      FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue ? path + "/" + fileName : path
    guard let data = FileManager.default.contents(atPath: file) else {
      let message =
        isFolder.boolValue ? "the folder has no `\(fileName)` that can be read" : "there is no such pipeline folder or file"
      throw PipelineError([Finding(file: file, mark: Mark(line: 1, column: 1), message: message)])
    }
    return try load(text: Array(data), file: file, set: settings)
  }

  /// The same from the file's bytes; `file` is for findings.
  package static func load(
    text: [UInt8], file: String, set settings: ParameterSettings = .none
  ) throws(PipelineError) -> Pipeline {
    let root: YAMLNode
    do throws(YAMLError) {
      root = try YAML.parse(text)
    } catch {
      throw PipelineError([Finding(file: file, mark: error.mark, message: error.message)])
    }
    let findings = Findings(file: file)
    let checked = PipelineSyntax(root, findings, set: settings).map { CheckedPipeline($0, findings) }
    for unused in findings.parameters.unused(in: root, isWhole: findings.all.isEmpty) {
      let name = unused.parameter.name
      findings.add(unused.key.mark, "nothing uses the parameter `\(name)`: write `$\(name)` where its value is to stand")
    }
    let pipeline = checked?.compiled(from: String(decoding: text, as: UTF8.self))
    if let pipeline, let entries = checked?.syntax.effects { EffectLoops(pipeline: pipeline).report(entries, findings) }
    guard let pipeline, findings.all.isEmpty else { throw PipelineError(findings.sorted) }
    return pipeline
  }
}

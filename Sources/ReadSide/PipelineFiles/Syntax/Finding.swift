package import Pipelines
package import YAML

/// One thing that is wrong in a pipeline's file: where, what, and the likely right word.
package struct Finding: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file's path as the caller gave it.
  package let file: String
  package let mark: Mark
  package let message: String

  /// From 1.
  package var line: Int { mark.line }
  /// In characters, from 1.
  package var column: Int { mark.column }

  /// Each property by its name.
  package init(file: String, mark: Mark, message: String) {
    self.file = file
    self.mark = mark
    self.message = message
  }

  /// As above, with a place as the pipeline has it.
  package init(file: String, place: QuerySQL.Place, message: String) {
    self.init(file: file, mark: Mark(line: place.line, column: place.column), message: message)
  }

  /// `pipelines/chat/pipeline.yaml:12:5: message`
  package var description: String { "\(file):\(mark): \(message)" }
}

/// Everything that is wrong with a pipeline, in the order of the files' lines.
package struct PipelineError: Error, Sendable, CustomStringConvertible {
  package let findings: [Finding]

  package init(_ findings: [Finding]) { self.findings = findings }

  package var description: String { findings.map(\.description).joined(separator: "\n") }
}

/// Collects what is wrong while a file is read, so that one run names everything.
final class Findings {
  let file: String
  private(set) var all: [Finding] = []
  /// The parameters of the file that is read.
  var parameters = FileParameters.none

  init(file: String) { self.file = file }

  func add(_ mark: Mark, _ message: String) {
    let finding = Finding(file: file, mark: mark, message: message)
    if !all.contains(finding) { all.append(finding) }
  }

  /// At a byte of a scalar's text, as far as the place is known: exact in texts of one line.
  func add(_ node: YAMLNode, offset: Int, _ message: String) {
    guard let scalar = node.scalar, !scalar.text.contains("\n") else { return add(node.mark, message) }
    let characters = String(decoding: Array(scalar.text.utf8).prefix(offset), as: UTF8.self).unicodeScalars.count
    add(Mark(line: node.mark.line, column: node.mark.column + characters + (scalar.isQuoted ? 1 : 0)), message)
  }

  func add(_ node: YAMLNode, _ failure: SyntaxFailure) { add(node, offset: failure.offset, failure.message) }

  /// Runs a part that stops at its first syntax failure, which becomes a finding at the node.
  func found<Result>(_ node: YAMLNode, _ body: () throws(SyntaxFailure) -> Result?) -> Result? {
    do throws(SyntaxFailure) {
      return try body()
    } catch {
      add(node, error)
      return nil
    }
  }

  /// The text of a scalar where a literal may stand: its own, or the value of the parameter that it names. Nil, with a finding, when it is
  /// something else, or the parameter is of another kind than one of these.
  func literal(_ node: YAMLNode, _ what: String, _ kinds: [PipelineParameter.Kind] = [.number, .flag, .text]) -> String? {
    guard let text = text(node, what) else { return nil }
    return node.scalar?.isQuoted == true ? text : resolved(text, node, what, among: kinds)
  }

  /// The same of one word of a scalar.
  func resolved(
    _ word: some StringProtocol, _ node: YAMLNode, _ what: String, among kinds: [PipelineParameter.Kind]
  ) -> String? {
    guard let name = FileParameters.name(word) else { return String(word) }
    return found(node) { () throws(SyntaxFailure) -> String? in
      let parameter = try parameters.use(name, offset: 0)
      guard kinds.contains(parameter.kind) else {
        throw SyntaxFailure(
          offset: 0, message: "`$\(name)` is \(parameter.kind.description), and \(what) takes \(Findings.list(kinds))")
      }
      return parameter.value
    }
  }

  private static func list(_ kinds: [PipelineParameter.Kind]) -> String { kinds.map(\.description).joined(separator: ", or ") }

  var sorted: [Finding] { all.sorted { $0.mark < $1.mark } }
}

internal import DynamoModel
internal import Pipelines
internal import YAML

/// The parameters of a file, and which of them were used while it was read.
///
/// A parameter stands as `$name` where a literal may: as the whole of an unquoted scalar, or as a word of an expression or condition. What stands
/// in quotes is text.
struct FileParameters {
  /// A parameter as the file declares it.
  struct Declaration {
    let parameter: PipelineParameter
    let key: YAMLNode.Key
    /// Where the file's own value stands in its text.
    let place: Range<Int>
  }

  private(set) var declarations: [Declaration] = []
  private(set) var used: Set<String> = []

  static let none = FileParameters()

  private init() {}

  var all: [PipelineParameter] { declarations.map(\.parameter) }

  /// `node` is the value of `parameters`. What is set at the start takes the place of what the file says.
  init(_ node: YAMLNode?, set settings: [ParameterSettings.Setting], _ root: YAMLNode, _ findings: Findings) {
    var entries: [YAMLNode.Entry] = []
    if let node, !node.isNull {
      if let mapping = node.mapping {
        entries = mapping
      } else {
        findings.add(node.mark, "`parameters` has to be a mapping (`name: value`), but this is \(node.kind)")
      }
    }
    for setting in settings where !entries.contains(where: { $0.key.text == setting.name }) {
      let known = Suggestion.text(for: setting.name, among: entries.map(\.key.text))
      findings.add((node ?? root).mark, "`\(setting.source)`: the pipeline has no parameter `\(setting.name)`\(known)")
    }
    for entry in entries {
      if let problem = Names.parameterProblem(entry.key.text) { findings.add(entry.key.mark, problem) }
      guard let (kind, fileValue) = FileParameters.value(entry.value, findings) else { continue }
      var value = fileValue
      if let setting = settings.last(where: { $0.name == entry.key.text }) {
        if let given = FileParameters.canonical(setting.value, kind) {
          value = given
        } else {
          findings.add(
            entry.value.mark, "`\(setting.source)`: `\(entry.key.text)` is \(kind.description), and `\(setting.value)` is not")
        }
      }
      let parameter = PipelineParameter(name: entry.key.text, kind: kind, value: value, fileValue: fileValue)
      declarations.append(Declaration(parameter: parameter, key: entry.key, place: entry.value.place))
    }
  }

  /// The kind of a value is what it looks like; in quotes it is text.
  private static func value(_ node: YAMLNode, _ findings: Findings) -> (kind: PipelineParameter.Kind, value: String)? {
    guard let text = findings.text(node, "a parameter's value") else { return nil }
    let kinds: [PipelineParameter.Kind] = node.scalar?.isQuoted == true ? [.text] : [.span, .number, .flag, .text]
    for kind in kinds { if let value = canonical(text, kind) { return (kind, value) } }
    findings.add(node.mark, "a parameter's text is one line, without control characters")
    return nil
  }

  /// The one form of a value; nil when the text is not one.
  static func canonical(_ text: String, _ kind: PipelineParameter.Kind) -> String? {
    switch kind {
    case .span: SpanText.parse(text).flatMap { $0 > 0 ? SpanText.text($0) : nil }
    case .number: (try? Number(text)).map { "\($0)" }
    case .flag: text == "true" || text == "false" ? text : nil
    case .text: text.unicodeScalars.contains { $0.properties.generalCategory == .control } ? nil : text
    }
  }

  /// The parameter of a name, which is used from here on. Throws what is wrong with the name.
  mutating func use(_ name: String, offset: Int) throws(SyntaxFailure) -> PipelineParameter {
    guard let found = declarations.first(where: { $0.parameter.name == name }) else {
      let known = Suggestion.text(for: name, among: declarations.map(\.parameter.name))
      throw SyntaxFailure(offset: offset, message: "there is no parameter `$\(name)`: declare it under `parameters`\(known)")
    }
    used.insert(name)
    return found.parameter
  }

  /// Those that nothing uses. Where parts of the file were refused, only those that no text of it names.
  func unused(in root: YAMLNode, isWhole: Bool) -> [Declaration] {
    declarations.filter { declaration in
      if used.contains(declaration.parameter.name) { return false }
      return isWhole || !FileParameters.names(in: root).contains(declaration.parameter.name)
    }
  }

  /// The names that stand after `$` in the texts of a node.
  static func names(in node: YAMLNode) -> Set<String> {
    switch node.content {
    case .scalar(let scalar): return Set(names(in: scalar.text))
    case .sequence(let nodes): return nodes.reduce(into: []) { $0.formUnion(names(in: $1)) }
    case .mapping(let entries): return entries.reduce(into: []) { $0.formUnion(names(in: $1.value)) }
    }
  }

  /// The names that stand after `$` in a text, in order.
  static func names(in text: String) -> [String] {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return [] }
    return text.split(separator: "$", omittingEmptySubsequences: false).dropFirst().map { part in
      String(decoding: part.utf8.prefix(while: isOfName), as: UTF8.self)
    }
  }

  /// The name when a text is `$name` and nothing else.
  static func name(_ text: some StringProtocol) -> String? {
    guard text.utf8.first == UInt8(ascii: "$"), text.utf8.count > 1, text.utf8.dropFirst().allSatisfy(isOfName) else {
      return nil
    }
    return String(text.dropFirst())
  }

  static func isOfName(_ byte: UInt8) -> Bool {
    (byte | 32 >= 97 && byte | 32 <= 122) || (byte >= 48 && byte <= 57) || byte == 95
  }

  /// The text of the file with the values in force in the place of its own.
  func text(_ original: String) -> String {
    let scalars = Array(original.unicodeScalars)
    var text = String.UnicodeScalarView()
    var at = 0
    for declaration in declarations where declaration.parameter.value != declaration.parameter.fileValue {
      text += scalars[at..<declaration.place.lowerBound]
      let value = declaration.parameter.value
      text += (declaration.parameter.kind == .text ? "'\(value.replacing("'", with: "''"))'" : value).unicodeScalars
      at = declaration.place.upperBound
      // A text in a block ends with its line.
      if at > 0, scalars[at - 1] == "\n" { text.append("\n") }
    }
    text += scalars[at...]
    return String(text)
  }
}

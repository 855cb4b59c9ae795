internal import Arguments
internal import Foundation
internal import Spelling
internal import YAML

/// A file of settings (YAML): options of a command by their names without dashes, each with its value, `true` for one without a value, and a list for one that may
/// be given several times. What the command line or the environment says goes before it.
enum SettingsFile {
  static let option = Command.Option(
    "settings", value: "FILE",
    "Take settings from this file (YAML): these options by their names, as `page-port: 8001`; those that repeat take a list. The command line and the environment go before it."
  )

  /// What the environment says of options that the command line does not give, and the file of settings of those that neither gives; nothing of a command that
  /// takes no such file.
  static func settled(_ command: Command, _ given: [String: [String]], path: String) throws(UsageError) -> [String: SettledValue]
  {
    guard command.options.contains(where: { $0.name == option.name }) else { return [:] }
    let environment = ProcessInfo.processInfo.environment
    let ofEnvironment: [String: SettledValue]
    do throws(UsageError) {
      ofEnvironment = try SettingsEnvironment.values(command, given: given, environment)
    } catch {
      throw UsageError(error.message, command: path)
    }
    let file = given[option.name]?.last ?? ofEnvironment[option.name]?.values.last
    let ofFile = try file.map { file throws(UsageError) in try values(command, file, path: path) } ?? [:]
    return ofFile.filter { given[$0.key] == nil && SettingsEnvironment.text($0.key, environment) == nil }
      .merging(ofEnvironment) { $1 }
  }

  private static func values(_ command: Command, _ file: String, path: String) throws(UsageError) -> [String: SettledValue] {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw UsageError("the file of settings \(file) cannot be read", command: path)
    }
    do throws(YAMLError) {
      return try read(try YAML.parse(Array(data)), command, file: file)
    } catch {
      throw UsageError("\(file):\(error.mark.line):\(error.mark.column): \(error.message)", command: path)
    }
  }

  /// All that a file says, with the place of each; a flag that is `false` is not given.
  static func read(_ root: YAMLNode, _ command: Command, file: String) throws(YAMLError) -> [String: SettledValue] {
    guard let entries = root.mapping else { throw YAMLError("settings are names with their values", at: root.mark) }
    let options = command.options.filter { $0.name != option.name }
    var values: [String: SettledValue] = [:]
    for entry in entries {
      guard let option = options.first(where: { $0.name == entry.key.text }) else {
        let near = Spelling.nearest(to: entry.key.text, among: options.map(\.name)).map { " (did you mean `\($0)`?)" } ?? ""
        throw YAMLError("`\(entry.key.text)` is not a setting of `\(command.name)`\(near)", at: entry.key.mark)
      }
      let texts = try texts(of: option, entry.value)
      func place(_ mark: Mark) -> String { "\(file):\(mark.line):\(mark.column)" }
      if !texts.isEmpty {
        values[option.name] = SettledValue(
          texts, place: place(entry.value.mark), places: entry.value.sequence?.map { place($0.mark) })
      }
    }
    return values
  }

  private static func texts(of option: Command.Option, _ node: YAMLNode) throws(YAMLError) -> [String] {
    guard option.value != nil else {
      switch node.scalar.map({ $0.isQuoted ? "" : $0.text }) {
      case "true"?: return [""]
      case "false"?: return []
      default: throw YAMLError("\(option.name) is true or false", at: node.mark)
      }
    }
    guard option.repeats, let list = node.sequence else { return [try text(option, node)] }
    var texts: [String] = []
    for element in list { texts.append(try text(option, element)) }
    return texts
  }

  private static func text(_ option: Command.Option, _ node: YAMLNode) throws(YAMLError) -> String {
    guard let scalar = node.scalar, !node.isNull else {
      throw YAMLError("\(option.name) takes \(option.repeats ? "values, or a list of them" : "one value")", at: node.mark)
    }
    return scalar.text
  }
}

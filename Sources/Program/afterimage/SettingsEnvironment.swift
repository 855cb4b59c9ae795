internal import Arguments

/// Settings from the environment, of `dev` and `serve`: a variable is `AFTERIMAGE_` and an option's name in capitals, with `_` for `-`. Of an option that may be given
/// several times it holds values with commas between them, of one without a value `true` or `false`; an empty one says nothing. What the command line says goes
/// before it, and what a file says after it.
enum SettingsEnvironment {
  /// These are read where they are used, by other commands too.
  private static let readElsewhere: Set<String> = ["read-models", "namespace", "allow-webhook-host", "mail-command"]

  static func variable(_ name: String) -> String { "AFTERIMAGE_" + name.uppercased().replacing("-", with: "_") }

  /// The variable of an option, where the environment says something of it.
  static func text(_ name: String, _ environment: [String: String]) -> String? {
    environment[variable(name)].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// What the environment says of options that the command line does not give, each with its variable as its place.
  static func values(
    _ command: Command, given: [String: [String]], _ environment: [String: String]
  ) throws(UsageError) -> [String: SettledValue] {
    var values: [String: SettledValue] = [:]
    for option in command.options where given[option.name] == nil && !readElsewhere.contains(option.name) {
      guard let text = text(option.name, environment) else { continue }
      let texts = try texts(of: option, text)
      if !texts.isEmpty { values[option.name] = SettledValue(texts, place: variable(option.name)) }
    }
    return values
  }

  private static func texts(of option: Command.Option, _ text: String) throws(UsageError) -> [String] {
    guard let value = option.value else {
      switch text {
      case "true": return [""]
      case "false": return []
      default: throw UsageError("\(variable(option.name)) is true or false, not `\(text)`")
      }
    }
    guard option.repeats else { return [text] }
    var texts: [String] = []
    for part in text.split(separator: ",") {
      // A comma may be in a value: a part without `NAME=` belongs to the value before it.
      if value.contains("="), !part.contains("="), let last = texts.popLast() {
        texts.append("\(last),\(part)")
      } else {
        texts.append(String(part))
      }
    }
    return texts
  }
}

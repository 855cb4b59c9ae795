internal import Spelling

/// Finds the command that a command line means, and what it was given.
package enum CommandLineParser {
  package enum Outcome: Sendable {
    case run(Command, ParsedArguments)
    /// The help text that was asked for.
    case help(String)
  }

  package typealias Settled = (_ command: Command, _ given: [String: [String]], _ path: String) throws(UsageError) -> [String:
    SettledValue]

  /// Reads a command line, given without the program's own name.
  ///
  /// Options may stand anywhere after their command; after `--` everything is a word. `--help` gives the command's help text, and so does
  /// a command that only has further commands. Throws for an unknown command or option (and names the nearest), a missing value and a
  /// wrong number of words. `settled` says, of a command with its path and of what it was given, what else holds before the defaults do.
  package static func parse(
    _ root: Command, _ arguments: [String], settled: Settled = { (_, _, _) in [:] }
  ) throws(UsageError) -> Outcome {
    var command = root
    var path = root.name
    var rest = arguments[...]
    while !command.commands.isEmpty {
      guard let word = rest.first else { return .help(HelpText.make(command, path: path)) }
      rest.removeFirst()
      if word == "--help" || word == "-h" || word == "help" { return .help(HelpText.make(command, path: path)) }
      guard let next = command.commands.first(where: { $0.name == word }) else {
        let near = Spelling.nearest(to: word, among: command.commands.map(\.name)).map { " (did you mean `\($0)`?)" } ?? ""
        throw UsageError("`\(word)` is not a command of `\(path)`\(near)", command: path)
      }
      command = next
      path += " " + next.name
    }
    return try parse(command, path, rest, settled: settled)
  }

  private static func parse(
    _ command: Command, _ path: String, _ arguments: ArraySlice<String>, settled: Settled
  ) throws(UsageError) -> Outcome {
    var rest = arguments
    var words: [String] = []
    var values: [String: [String]] = [:]
    var onlyWords = false
    while let argument = rest.popFirst() {
      if onlyWords || !argument.hasPrefix("-") || argument == "-" {
        words.append(argument)
      } else if argument == "--" {
        onlyWords = true
      } else if argument == "--help" || argument == "-h" {
        return .help(HelpText.make(command, path: path))
      } else {
        try option(argument, of: command, path, rest: &rest, into: &values)
      }
    }
    try check(words, command, path)
    let others = try settled(command, values, path)
    values.merge(others.mapValues(\.values)) { given, _ in given }
    for option in command.options where values[option.name] == nil {
      if let value = option.default { values[option.name] = [value] }
    }
    return .run(command, ParsedArguments(command: path, words: words, values: values, places: OptionPlaces(others)))
  }

  private static func option(
    _ argument: String, of command: Command, _ path: String, rest: inout ArraySlice<String>, into values: inout [String: [String]]
  ) throws(UsageError) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let given = parts[0]
    let found = command.options.first { option in
      given == "--" + option.name || option.short.map { given == "-\($0)" } ?? false
    }
    guard let found else {
      let names = command.options.map { "--" + $0.name }
      let near = Spelling.nearest(to: given, among: names).map { " (did you mean `\($0)`?)" } ?? ""
      throw UsageError("`\(given)` is not an option of `\(path)`\(near)", command: path)
    }
    guard let value = found.value else {
      if parts.count > 1 { throw UsageError("--\(found.name) takes no value", command: path) }
      values[found.name] = [""]
      return
    }
    if parts.count > 1 {
      values[found.name, default: []].append(parts[1])
    } else if let next = rest.popFirst() {
      values[found.name, default: []].append(next)
    } else {
      throw UsageError("--\(found.name) needs a value: --\(found.name) \(value)", command: path)
    }
  }

  private static func check(_ words: [String], _ command: Command, _ path: String) throws(UsageError) {
    let required = command.positionals.count { $0.count == .one }
    if words.count < required {
      throw UsageError("\(command.positionals[words.count].name) is missing", command: path)
    }
    let takesMany = command.positionals.contains { $0.count == .many }
    if !takesMany, words.count > command.positionals.count {
      throw UsageError("`\(words[command.positionals.count])` is one word too many", command: path)
    }
  }
}

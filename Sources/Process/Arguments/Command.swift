/// A command of a program: its words, its options, and either what it runs or further commands.
package struct Command: Sendable {
  package let name: String
  /// One line, for the list of commands.
  package let about: String
  /// Further text of its own help, after the usage.
  package let notes: String
  package let positionals: [Positional]
  package let options: [Option]
  package let commands: [Command]
  package let run: (@Sendable (ParsedArguments) async throws -> Void)?

  package init(
    _ name: String, about: String, notes: String = "", positionals: [Positional] = [], options: [Option] = [],
    run: @escaping @Sendable (ParsedArguments) async throws -> Void
  ) {
    self.name = name
    self.about = about
    self.notes = notes
    self.positionals = positionals
    self.options = options
    commands = []
    self.run = run
  }

  package init(_ name: String, about: String, notes: String = "", commands: [Command]) {
    self.name = name
    self.about = about
    self.notes = notes
    positionals = []
    options = []
    self.commands = commands
    run = nil
  }

  /// A word by its place.
  package struct Positional: Sendable {
    package enum Count: Sendable { case one, optional, many }

    package let name: String
    package let about: String
    package let count: Count

    package init(_ name: String, _ about: String, count: Count = .one) {
      self.name = name
      self.about = about
      self.count = count
    }
  }

  /// `--name VALUE`, `--name=VALUE`, or a flag without a value; `-x` when it has a short form. The last one given holds, of one that
  /// repeats all.
  package struct Option: Sendable {
    package let name: String
    package let short: Character?
    /// What the help calls the value; nil for a flag.
    package let value: String?
    package let about: String
    package let `default`: String?
    /// All that are given count, not only the last.
    package let repeats: Bool

    package init(
      _ name: String, short: Character? = nil, value: String? = nil, _ about: String, default: String? = nil,
      repeats: Bool = false
    ) {
      self.name = name
      self.short = short
      self.value = value
      self.about = about
      self.default = `default`
      self.repeats = repeats
    }
  }
}

/// A command line that cannot be understood, or a wrong value in it.
package struct UsageError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String
  /// The words up to the command that the help is to be asked of.
  package let command: String

  package init(_ message: String, command: String = "") {
    self.message = message
    self.command = command
  }

  package var description: String {
    command.isEmpty ? message : "\(message)\nSee: \(command) --help"
  }
}

/// What something else than the command line says of an option, and where.
package struct SettledValue: Sendable, Equatable {
  package let values: [String]
  /// For messages, as `settings.yaml:3:7`.
  package let place: String
  /// That of each value.
  package let places: [String]

  /// `places` are the values' own; without them all have the place of the whole.
  package init(_ values: [String], place: String, places: [String]? = nil) {
    self.values = values
    self.place = place
    self.places = places ?? values.map { _ in place }
  }
}

/// What a command was given.
package struct ParsedArguments: Sendable {
  package let command: String
  package let words: [String]
  package let values: [String: [String]]
  package let places: OptionPlaces

  /// An option as messages name it, with the place that it, or one of its values, is from.
  package func named(_ name: String, _ value: String? = nil) -> String { places.named(name, value) }

  /// Whether a flag was given.
  package func has(_ name: String) -> Bool { values[name] != nil }

  /// An option's value, or its default.
  package func value(_ name: String) -> String? { values[name]?.last }

  package func all(_ name: String) -> [String] { values[name] ?? [] }

  /// A whole number within bounds; throws `UsageError` otherwise.
  package func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
    guard let text = value(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(
        "\(named(name)) takes a whole number from \(range.lowerBound) to \(range.upperBound), not `\(text)`", command: command)
    }
    return number
  }

  /// One of a few words; throws `UsageError` otherwise.
  package func choice(_ name: String, of choices: [String]) throws(UsageError) -> String? {
    guard let text = value(name) else { return nil }
    guard choices.contains(text) else {
      throw UsageError("\(named(name)) is one of \(choices.joined(separator: ", ")), not `\(text)`", command: command)
    }
    return text
  }
}

import Testing

@testable import Arguments

@Suite struct CommandLineParserTests {
  static let root = Command(
    "tool", about: "A tool.",
    commands: [
      Command(
        "copy", about: "Copy things.", notes: "Twice if need be.",
        positionals: [.init("FROM", "Source."), .init("TO", "Target.", count: .optional)],
        options: [
          .init("force", short: "f", "Do it anyway."), .init("mode", short: "m", value: "MODE", "How.", default: "fast"),
          .init("label", value: "TEXT", "A label."),
        ]
      ) { _ in },
      Command(
        "group", about: "More.",
        commands: [Command("inner", about: "Inside.", positionals: [.init("WORD", "Any.", count: .many)]) { _ in }]),
    ])

  func parse(_ words: String...) throws -> ParsedArguments {
    guard case .run(_, let arguments) = try CommandLineParser.parse(Self.root, words) else {
      throw UsageError("help was shown")
    }
    return arguments
  }

  func error(_ words: String...) -> String {
    do throws(UsageError) {
      _ = try CommandLineParser.parse(Self.root, words)
      return "no error"
    } catch {
      return error.description
    }
  }

  func help(_ words: String...) throws -> String {
    guard case .help(let text) = try CommandLineParser.parse(Self.root, words) else { throw UsageError("no help was shown") }
    return text
  }

  @Test func `words, flags and values in any order`() throws {
    let arguments = try parse("copy", "-f", "a", "--mode", "slow", "b", "--label=x=y")
    #expect(arguments.words == ["a", "b"])
    #expect(arguments.has("force"))
    #expect(arguments.value("mode") == "slow")
    #expect(arguments.value("label") == "x=y")
    #expect(arguments.command == "tool copy")
  }

  @Test func `a default holds when nothing is given, and the last one given holds`() throws {
    #expect(try parse("copy", "a").value("mode") == "fast")
    #expect(try parse("copy", "a", "-m", "1", "-m", "2").value("mode") == "2")
    #expect(try parse("copy", "a", "--label", "1", "--label", "2").all("label") == ["1", "2"])
    #expect(try !parse("copy", "a").has("force"))
  }

  @Test func `what is settled elsewhere holds before the default and after the command line, and is named with its place`() throws
  {
    let settled: CommandLineParser.Settled = { command, given, path in
      #expect(command.name == "copy" && path == "tool copy" && given["mode"] == nil)
      return ["mode": SettledValue(["slow"], place: "f:1:7"), "label": SettledValue(["x", "y"], place: "f:2:8")]
    }
    func parse(_ words: String...) throws -> ParsedArguments {
      guard case .run(_, let arguments) = try CommandLineParser.parse(Self.root, words, settled: settled) else {
        throw UsageError("help was shown")
      }
      return arguments
    }
    let arguments = try parse("copy", "a")
    #expect(arguments.value("mode") == "slow" && arguments.all("label") == ["x", "y"])
    #expect(try parse("copy", "a", "--label", "1").all("label") == ["1"])
    let wrong = #expect(throws: UsageError.self) { try arguments.choice("mode", of: ["fast"]) }
    #expect(wrong?.message == "f:1:7: mode is one of fast, not `slow`")
    let number = #expect(throws: UsageError.self) { try arguments.integer("label", in: 1...2) }
    #expect(number?.message == "f:2:8: label takes a whole number from 1 to 2, not `y`")
  }

  @Test func `everything after two dashes is a word`() throws {
    #expect(try parse("copy", "--", "-f", "--mode").words == ["-f", "--mode"])
    #expect(try parse("copy", "-").words == ["-"])
  }

  @Test func `a value may begin with a dash`() throws {
    #expect(try parse("copy", "a", "--label", "-1").value("label") == "-1")
  }

  @Test func `many words, or none`() throws {
    #expect(try parse("group", "inner", "a", "b", "c").words == ["a", "b", "c"])
    #expect(try parse("group", "inner").words == [])
  }

  @Test func `wrong usage is named with the likely right word`() {
    #expect(error("cpy", "a") == "`cpy` is not a command of `tool` (did you mean `copy`?)\nSee: tool --help")
    #expect(
      error("copy", "a", "--forse")
        == "`--forse` is not an option of `tool copy` (did you mean `--force`?)\nSee: tool copy --help")
    #expect(error("copy", "a", "--zzz").hasPrefix("`--zzz` is not an option of `tool copy`\n"))
    #expect(error("copy").hasPrefix("FROM is missing\n"))
    #expect(error("copy", "a", "b", "c").hasPrefix("`c` is one word too many\n"))
    #expect(error("copy", "a", "--label").hasPrefix("--label needs a value: --label TEXT\n"))
    #expect(error("copy", "a", "--force=1").hasPrefix("--force takes no value\n"))
    #expect(error("group", "iner").contains("did you mean `inner`?"))
  }

  @Test func `numbers and choices have bounds`() throws {
    let arguments = try parse("copy", "a", "--mode", "12", "--label", "x")
    #expect(try arguments.integer("mode", in: 1...12) == 12)
    #expect(throws: UsageError("--mode takes a whole number from 1 to 11, not `12`", command: "tool copy")) {
      try arguments.integer("mode", in: 1...11)
    }
    #expect(throws: UsageError.self) { try arguments.integer("label", in: 1...11) }
    #expect(try arguments.choice("label", of: ["x", "y"]) == "x")
    #expect(throws: UsageError("--label is one of y, z, not `x`", command: "tool copy")) {
      try arguments.choice("label", of: ["y", "z"])
    }
    #expect(try parse("copy", "a").integer("label", in: 1...2) == nil)
  }

  @Test func `help shows the usage, the words and every option`() throws {
    let text = try help("copy", "--help")
    #expect(
      text == """
        Copy things.

        Usage: tool copy [options] FROM [TO]

        Twice if need be.

        Arguments:
          FROM  Source.
          TO    Target.

        Options:
          -f, --force      Do it anyway.
          -m, --mode MODE  How. (default fast)
          --label TEXT     A label.
          -h, --help       Show this help.

        """)
    #expect(try help().contains("Usage: tool COMMAND"))
    #expect(try help("group").contains("inner  Inside."))
    #expect(try help("group", "-h").contains("Usage: tool group COMMAND"))
  }

  @Test func `messages name an option with the place that it, or one of its values, is from`() {
    let places = OptionPlaces(["host": SettledValue(["a", "b"], place: "f:1:7", places: ["f:1:8", "f:1:11"])])
    #expect(places.named("host") == "f:1:7: host" && places.lead("host") == "f:1:7: host: ")
    #expect(places.named("host", "b") == "f:1:11: host" && places.lead("host", "b") == "f:1:11: host: ")
    #expect(places.named("host", "c") == "f:1:7: host")
    #expect(places.named("port") == "--port" && places.lead("port").isEmpty)
  }
}

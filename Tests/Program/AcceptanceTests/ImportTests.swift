import Foundation
import Testing

/// `afterimage table import` against a running server.
@Suite(.timeLimit(.minutes(1))) struct ImportTests {
  /// A server with the game scores, and a folder for files.
  struct Scene {
    let folder: TestFolder
    let server: DevProcess

    init(_ more: [String] = []) async throws {
      folder = try TestFolder()
      server = try await DevProcess.start(
        data: folder.file("data"), pipelines: [Program.pipeline("chat-rooms")], more, folder: folder.path)
    }

    func run(_ words: [String]) async throws -> Program.Outcome {
      try await Program.run(Program.path, words + ["--endpoint", server.tables], in: folder.path)
    }

    func load(_ file: String, _ more: String...) async throws -> Program.Outcome {
      try await run(["table", "import", "Chat", file] + more)
    }

    /// The table's items as JSON lines.
    func items() async throws -> [String] { try await lines(["table", "scan", "Chat", "--limit", "1000000", "-o", "json"]) }

    /// Every record of the table's log as a line.
    func records() async throws -> [String] { try await lines(["log", "Chat", "--after", "0", "--limit", "1000000"]) }

    private func lines(_ words: [String]) async throws -> [String] {
      try await run(words).output.split(separator: "\n").map(String.init)
    }
  }

  static let mapping = ["--set", "PK=User:{nick}", "--set", "SK={time}#{line:06}", "--set", "Comment={text}"]

  @Test func `TSV, gzip too, with the columns in the first line`() async throws {
    let scene = try await Scene()
    try scene.folder.write("talk.tsv", "time\tnick\ttext\n2026-01-01T10:00:00Z\tana\thello\n2026-01-01T10:00:01Z\tben\t\n")
    let zipped = try await Program.run("/usr/bin/env", ["gzip", "-k", scene.folder.file("talk.tsv")])
    #expect(zipped.status == 0)
    for file in ["talk.tsv", "talk.tsv.gz"] {
      let loaded = try await scene.run(["table", "import", "Chat", file] + Self.mapping)
      #expect(loaded.status == 0 && loaded.output.hasPrefix("2 items in "), "\(loaded)")
    }
    #expect(
      try await scene.items().sorted() == [
        #"{"Comment":{"S":""},"PK":{"S":"User:ben"},"SK":{"S":"2026-01-01T10:00:01Z#000003"}}"#,
        #"{"Comment":{"S":"hello"},"PK":{"S":"User:ana"},"SK":{"S":"2026-01-01T10:00:00Z#000002"}}"#,
      ])
    #expect(try await scene.records().count == 2, "the same rows twice leave no second record")
  }

  @Test func `CSV with quotes, and columns that the command names`() async throws {
    let scene = try await Scene()
    try scene.folder.write("talk.csv", "ana,\"one, \"\"two\"\"\nthree\"\nben,x\n")
    let loaded = try await scene.load(
      "talk.csv", "--columns", "nick,text", "--set", "PK=User:{nick}", "--set", "SK={line}", "--set", "Comment={text}", "-o",
      "json")
    #expect(loaded.status == 0 && loaded.output.hasPrefix(#"{"items":2,"skipped":0,"#), "\(loaded)")
    let items = try await scene.items()
    #expect(items.contains(#"{"Comment":{"S":"one, \"two\"\nthree"},"PK":{"S":"User:ana"},"SK":{"S":"1"}}"#), "\(items)")
    #expect(items.contains { $0.contains(#""SK":{"S":"3"}"#) }, "a row's line is where it begins: \(items)")
  }

  @Test func `JSON lines as the scan prints them`() async throws {
    let scene = try await Scene()
    let first = #"{"N":{"N":"1.50"},"PK":{"S":"a"},"SK":{"S":"b"}}"#
    try scene.folder.write("items.jsonl", first + "\n\n" + #"{"Item":{"PK":{"S":"c"},"SK":{"S":"d"}}}"# + "\n")
    #expect(try await scene.load("items.jsonl").output.hasPrefix("2 items in "))
    let printed = try await scene.items()
    #expect(printed.contains(#"{"N":{"N":"1.5"},"PK":{"S":"a"},"SK":{"S":"b"}}"#), "\(printed)")
    try scene.folder.write("again.jsonl", printed.joined(separator: "\n") + "\n")
    #expect(try await scene.load("again.jsonl").output.hasPrefix("2 items in "))
    #expect(try await scene.records().count == 2)
  }

  @Test func `one key twice in a file is the later row, as written one after the other`() async throws {
    let scene = try await Scene()
    try scene.folder.write("twice.csv", "nick,text\nana,one\nana,two\n")
    let loaded = try await scene.load("twice.csv", "--set", "PK={nick}", "--set", "SK=x", "--set", "Comment={text}")
    #expect(loaded.status == 0, "\(loaded)")
    #expect(try await scene.items() == [#"{"Comment":{"S":"two"},"PK":{"S":"ana"},"SK":{"S":"x"}}"#])
    #expect(try await scene.records().count == 2)
  }

  @Test func `a bad row names its line, what is before it is written, and the mended file goes on there`() async throws {
    let scene = try await Scene()
    func talk(_ bad: String) throws {
      let rows = (1...100).map { $0 == 60 ? bad : "2026-01-01T10:00:\($0 % 60)Z\tana\thello \($0)" }
      try scene.folder.write("talk.tsv", "time\tnick\ttext\n" + rows.joined(separator: "\n") + "\n")
    }
    try talk("2026-01-01T10:00:00Z\tana")
    let short = try await scene.run(["table", "import", "Chat", "talk.tsv"] + Self.mapping)
    #expect(short.status == 1 && short.errors == "afterimage: line 61: 2 fields, and 3 columns are named\n", "\(short)")
    try talk("\t\tno time")
    let refused = try await scene.run(
      ["table", "import", "Chat", "talk.tsv", "--set", "PK={nick}", "--set", "SK={time}#{line}", "--set", "Comment={text}"])
    #expect(refused.status == 1 && refused.errors.hasPrefix("afterimage: line 61: ValidationException: "), "\(refused)")
    #expect(refused.errors.contains("empty string value. Key: PK"), "\(refused)")
    try talk("2026-01-01T10:00:00Z\tana\tmended")
    let mended = try await scene.run(["table", "import", "Chat", "talk.tsv"] + Self.mapping)
    #expect(mended.status == 0 && mended.output.contains("lines were imported before"), "\(mended)")
    #expect(try await scene.items().filter { $0.contains("hello 100") || $0.contains("mended") }.count == 2)
    let number = try await scene.load("talk.tsv", "--set", "PK={nick}", "--set", "SK={time}", "--set", "N:N={text}")
    #expect(number.errors == "afterimage: line 2: N: `hello 1` is not a number\n", "\(number)")
  }

  @Test(arguments: [false, true]) func `an import that is killed goes on where it was`(isHistory: Bool) async throws {
    let scene = try await Scene(isHistory ? ["--history", "Chat"] : [])
    let count = 10_000
    let rows = (0..<count).map { "\(1_600_000_000_000 + $0)\tnick\($0 % 7)\tmessage \($0)" }
    try scene.folder.write("talk.tsv", "time\tnick\ttext\n" + rows.joined(separator: "\n") + "\n")
    let words =
      ["table", "import", "Chat", "talk.tsv"] + Self.mapping + (isHistory ? ["--history", "time"] : [])
    let first = try ChildProcess(Program.path, words + ["--endpoint", scene.server.tables], folder: scene.folder.path)
    let follower = try ChildProcess(Program.path, ["log", "Chat", "--follow", "--endpoint", scene.server.tables])
    _ = await follower.line(500)
    first.signal(SIGKILL)
    await first.ended()
    let second = try await scene.run(words)
    #expect(second.status == 0 && second.output.contains("lines were imported before"), "\(second)")
    #expect(try await scene.items().count == count)
    #expect(try await scene.records().count == count, "each row once")
    if isHistory {
      #expect(try await scene.records().last?.hasPrefix("2020-09-13T12:26:49.999Z") == true)
    }
    #expect(try await scene.run(words).output.hasPrefix("\(count) items"))
    #expect(try await scene.records().count == count, "the whole file once more changes nothing")
  }

  @Test func `what cannot be imported is reported before anything is written`() async throws {
    let scene = try await Scene()
    try scene.folder.write("talk.tsv", "time\tnick\n2026-01-01T10:00:00Z\tana\n")
    try scene.folder.write("data.bin", "x")
    let cases: [(words: [String], status: Int32, error: String)] = [
      (["Chat", "talk.tsv"], 2, "say how columns become attributes: --set NAME=TEMPLATE; there are: time, nick"),
      (
        ["Chat", "talk.tsv", "--set", "PK={nik}"], 2,
        "`{nik}` in the template `{nik}` is not a column; there are: time, nick, line"
      ),
      (
        ["Chat", "talk.tsv", "--set", "PK={nick}", "--history", "when"], 2,
        "--history when is not a column; there are: time, nick"
      ),
      (["Chat", "missing.tsv", "--set", "PK={nick}"], 1, "missing.tsv cannot be opened: No such file or directory"),
      (["Chat", "data.bin"], 1, "the name of data.bin does not say its format: give --format tsv, csv or json"),
      (["Chat", "talk.tsv", "--format", "json"], 1, "line 1: "),
      (["Nowhere", "talk.tsv", "--set", "PK={nick}"], 1, "there is no table Nowhere; there are: Chat"),
      (["Chat", "talk.tsv", "--set", "PK={nick}", "--set", "SK=x", "--history", "time"], 1, "has a live clock"),
    ]
    for one in cases {
      let outcome = try await scene.run(["table", "import"] + one.words)
      #expect(outcome.status == one.status && outcome.errors.contains(one.error), "\(one.words): \(outcome)")
    }
    #expect(try await scene.items().isEmpty)
  }
}

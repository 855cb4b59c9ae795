import Foundation
import HTTPServer
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
    func talk(_ bad: String, _ name: String = "talk.tsv") throws {
      let rows = (1...100).map { $0 == 60 ? bad : "2026-01-01T10:00:\($0 % 60)Z\tana\thello \($0)" }
      try scene.folder.write(name, "time\tnick\ttext\n" + rows.joined(separator: "\n") + "\n")
    }
    try talk("2026-01-01T10:00:00Z\tana")
    let short = try await scene.run(["table", "import", "Chat", "talk.tsv"] + Self.mapping)
    #expect(short.status == 1 && short.errors == "afterimage: line 61: 2 fields, and 3 columns are named\n", "\(short)")
    #expect(try await scene.items().count == 59)
    try talk("\t\tno time", "other.tsv")
    let refused = try await scene.run(
      ["table", "import", "Chat", "other.tsv", "--set", "PK={nick}", "--set", "SK={time}#{line}", "--set", "Comment={text}"])
    #expect(refused.status == 1 && refused.errors.hasPrefix("afterimage: line 61: ValidationException: "), "\(refused)")
    #expect(refused.errors.contains("empty string value. Key: PK"), "\(refused)")
    #expect(try await scene.items().count == 118, "the rows before it are imported, and none after it")
    try talk("2026-01-01T10:00:00Z\tana\tmended")
    let mended = try await scene.run(["table", "import", "Chat", "talk.tsv"] + Self.mapping)
    #expect(mended.status == 0 && mended.output.hasPrefix("41 items in "), "\(mended)")
    #expect(mended.output.hasSuffix(", 59 rows were imported before\n"), "\(mended)")
    #expect(try await scene.items().filter { $0.contains("hello 100") || $0.contains("mended") }.count == 2)
    let number = try await scene.load("talk.tsv", "--set", "PK={nick}", "--set", "SK={time}", "--set", "N:N={text}", "--again")
    #expect(number.errors == "afterimage: line 2: N: `hello 1` is not a number\n", "\(number)")
  }

  /// Enough rows for several batches.
  static let manyRows = 30_000

  func many(_ scene: Scene) throws {
    let text = String(repeating: "x", count: 100)
    let rows = (0..<Self.manyRows).map { "\(1_600_000_000_000 + $0 / 3)\tnick\($0 % 7)\tmessage \($0) \(text)" }
    try scene.folder.write("talk.tsv", "time\tnick\ttext\n" + rows.joined(separator: "\n") + "\n")
  }

  /// Every row once, in the order of the file.
  func expectMany(_ scene: Scene) async throws {
    let records = try await scene.records()
    #expect(records.count == Self.manyRows, "each row once")
    let numbers = records.compactMap { $0.firstMatch(of: #/message (\d+) /#).flatMap { Int($0.1) } }
    #expect(numbers == Array(0..<Self.manyRows))
    #expect(try await scene.run(["table", "verify", "Chat"]).status == 0)
  }

  @Test(arguments: [false, true]) func `an import that is killed goes on where it was`(isHistory: Bool) async throws {
    let scene = try await Scene(isHistory ? ["--history", "Chat"] : [])
    try many(scene)
    let words =
      ["table", "import", "Chat", "talk.tsv"] + Self.mapping + (isHistory ? ["--history", "time"] : [])
    let follower = try ChildProcess(Program.path, ["log", "Chat", "--follow", "--endpoint", scene.server.tables])
    let first = try ChildProcess(Program.path, words + ["--endpoint", scene.server.tables], folder: scene.folder.path)
    _ = await follower.line(500)
    first.signal(SIGKILL)
    await first.ended()
    let second = try await scene.run(words)
    let counts = try #require(second.output.firstMatch(of: /^(\d+) items .*, (\d+) rows were imported before/), "\(second)")
    #expect((Int(counts.1) ?? 0) + (Int(counts.2) ?? 0) == Self.manyRows)
    try await expectMany(scene)
    if isHistory {
      #expect(try await scene.records().last?.hasPrefix("2020-09-13T12:26:49.999Z") == true)
    }
    let third = try await scene.run(words)
    #expect(third.output == "nothing is left: all \(Self.manyRows) rows were imported before\n")
  }

  @Test func `an import outlives the server that is killed under it`() async throws {
    let scene = try await Scene(["--history", "Chat"])
    try many(scene)
    let follower = try ChildProcess(Program.path, ["log", "Chat", "--follow", "--endpoint", scene.server.tables])
    let words = ["table", "import", "Chat", "talk.tsv", "--history", "time", "--endpoint", scene.server.tables] + Self.mapping
    let child = try ChildProcess(Program.path, words, folder: scene.folder.path)
    _ = await follower.line(500)
    await scene.server.kill()
    let again = try await DevProcess.start(
      data: scene.folder.file("data"), pipelines: [Program.pipeline("chat-rooms")], port: scene.server.ports.tables,
      ["--history", "Chat"], folder: scene.folder.path)
    #expect(await child.ended() == 0, "\(child.errors)")
    #expect(child.output.hasPrefix("\(Self.manyRows) items in "), "\(child.output)")
    try await expectMany(scene)
    _ = await again.stop()
  }

  @Test func `another file under an import's name is refused, and rows that were added go on`() async throws {
    let scene = try await Scene()
    let words = ["--set", "PK={nick}", "--set", "SK=x", "--set", "Comment={text}"]
    try scene.folder.write("talk.csv", "nick,text\nana,one\nben,two\n")
    #expect(try await scene.run(["table", "import", "Chat", "talk.csv"] + words).output.hasPrefix("2 items in "))
    try scene.folder.write("talk.csv", "nick,text\nana,one\nben,two\ncyd,three\n")
    let added = try await scene.run(["table", "import", "Chat", "talk.csv", "-o", "json"] + words)
    #expect(added.output.hasPrefix(#"{"items":1,"skipped":2,"lifted":0,"seconds":"#), "\(added)")
    for (text, reason) in [
      ("nick,text\nana,one\nben,other\ncyd,three\ndan,four\n", "are not those that were imported"),
      ("nick,text\nana,one\n", "are only 1"),
    ] {
      try scene.folder.write("talk.csv", text)
      let other = try await scene.run(["table", "import", "Chat", "talk.csv"] + words)
      #expect(
        other.status == 1
          && other.errors
            == "afterimage: the import talk.csv into Chat stands at row 3, and the rows of this file up to there \(reason)"
            + ": give an import of its own a name with --name, or begin again with --again\n",
        "\(other)")
    }
    #expect(try await scene.items().count == 3)
    #expect(
      try await scene.run(["table", "import", "Chat", "talk.csv", "--name", "new"] + words).output.hasPrefix("1 items in "))
    #expect(try await scene.run(["table", "import", "Chat", "talk.csv", "--again"] + words).output.hasPrefix("1 items in "))
    #expect(try await scene.records().count == 3, "what is there is not written again")
    let changed = try await scene.run(["table", "import", "Chat", "talk.csv", "--set", "PK={nick}", "--set", "SK=y"])
    #expect(changed.status == 1 && changed.errors.contains("are not those that were imported"), "\(changed)")
    // Of a table that was created again nothing is known.
    #expect(try await scene.run(["table", "delete", "Chat"]).status == 0)
    #expect(try await scene.run(["table", "create", "--key", "PK:S,SK:S", "Chat"]).status == 0)
    #expect(try await scene.run(["table", "import", "Chat", "talk.csv"] + words).output.hasPrefix("1 items in "))
  }

  @Test func `times of several forms, in the file's order, refused or lifted when they go back`() async throws {
    let scene = try await Scene(["--history", "Chat"])
    func load(_ name: String, _ times: [String], _ more: String...) async throws -> Program.Outcome {
      let rows = times.enumerated().map { "\($1)\t\(name)\($0)" }
      try scene.folder.write("\(name).tsv", "time\tnick\n" + rows.joined(separator: "\n") + "\n")
      return try await scene.run(
        ["table", "import", "Chat", "\(name).tsv", "--set", "PK={nick}", "--set", "SK=x", "--history", "time"] + more)
    }
    #expect(try await load("seconds", ["1100520000", "1100520000", "1100520000"]).status == 0)
    #expect(try await load("sql", ["2004-11-15 13:00:00", "2004-11-15 13:00:00.5"], "--zone", "+01:00").status == 0)
    let back = try await load("back", ["2004-11-15T12:00:05Z", "2004-11-15T12:00:04Z", "2004-11-15T12:00:06Z"])
    #expect(
      back.status == 1
        && back.errors
          == "afterimage: line 3: ValidationException: The time 1100520004000 lies before 1100520005000, that of the row before\n",
      "\(back)")
    let early = try await load("early", ["2004-11-15T12:00:00Z"])
    #expect(
      early.errors.hasPrefix("afterimage: line 2: ValidationException: The time 1100520000000 lies before 1100520005000"),
      "\(early)")
    let lifted = try await load("back", ["2004-11-15T12:00:05Z", "2004-11-15T12:00:04Z", "2004-11-15T12:00:06Z"], "--lift")
    #expect(
      lifted.output.hasPrefix("2 items in ") && lifted.output.contains("/s), 1 times lifted, 1 rows were imported before"),
      "\(lifted)")
    let unclear = try await load("unclear", ["1100520"])
    #expect(
      unclear.errors.contains("line 2: `1100520` may be seconds or milliseconds: say which with --time seconds"), "\(unclear)")
    #expect(
      try await scene.records().map { $0.split(separator: " ").first.map(String.init) ?? "" } == [
        "2004-11-15T12:00:00.000Z", "2004-11-15T12:00:00.000Z", "2004-11-15T12:00:00.000Z", "2004-11-15T12:00:00.000Z",
        "2004-11-15T12:00:00.500Z", "2004-11-15T12:00:05.000Z", "2004-11-15T12:00:05.000Z", "2004-11-15T12:00:06.000Z",
      ])
    let noTimes = try await scene.run([
      "table", "import", "Chat", "back.tsv", "--set", "PK={nick}", "--set", "SK=x", "--name", "n",
    ])
    #expect(noTimes.errors.contains("table Chat has a history clock: name the column with each row's time with --history COLUMN"))
    try scene.folder.write("items.jsonl", #"{"PK":{"S":"a"},"SK":{"S":"b"}}"# + "\n")
    let items = try await scene.run(["table", "import", "Chat", "items.jsonl"])
    #expect(items.errors.contains("lines of JSON bring no times: end the history first, with `afterimage table clock Chat live`"))
  }

  @Test func `an item that is too large names its line, and a server without the operation is named`() async throws {
    let scene = try await Scene()
    func load(_ bytes: Int) async throws -> Program.Outcome {
      // A control character is six bytes of JSON.
      try scene.folder.write("large.csv", "nick,text\nana,\(String(repeating: "\u{1}", count: bytes - 9))\n")
      return try await scene.load("large.csv", "--set", "PK={nick}", "--set", "SK=x", "--set", "t={text}", "--again")
    }
    #expect(try await load(400 << 10).status == 0)
    let large = try await load(400 << 10 | 1)
    #expect(large.errors == "afterimage: line 2: the item has 409601 bytes, and 409600 are the most\n", "\(large)")

    let other = try HTTPServer.serving { _, responder in
      responder.answer(HTTPResponse(status: 400, body: Array(#"{"__type":"x#UnknownOperationException"}"#.utf8)))
    }
    defer { other.stop() }
    let refused = try await Program.run(
      Program.path,
      [
        "table", "import", "Chat", scene.folder.file("large.csv"), "--set", "PK={nick}", "--endpoint",
        "http://127.0.0.1:\(other.port)",
      ])
    #expect(
      refused.errors
        == "afterimage: the server at http://127.0.0.1:\(other.port) has no ImportItems: files are imported into the tables of afterimage only\n",
      "\(refused)")
  }

  @Test func `encodings are checked`() async throws {
    let scene = try await Scene()
    func load(_ bytes: [UInt8]) async throws -> Program.Outcome {
      try Data(bytes).write(to: URL(filePath: scene.folder.file("talk.csv")))
      return try await scene.run(["table", "import", "Chat", "talk.csv", "--set", "PK={nick}", "--set", "SK={text}"])
    }
    let text = "nick,text\nana,é\n"
    let bad = try await load(Array(text.utf8) + Array("ben,ü".utf8) + [0xE9, 0x0A])
    #expect(
      bad.status == 1 && bad.errors == "afterimage: line 3, column 6: the text is not UTF-8: save the file as UTF-8\n", "\(bad)")
    #expect(try await scene.items() == [#"{"PK":{"S":"ana"},"SK":{"S":"é"}}"#], "the rows before it are imported")
    let marked = try await load([0xEF, 0xBB, 0xBF] + Array(text.utf8))
    #expect(marked.output.contains("nothing is left"), "a byte order mark is no part of the first column's name: \(marked)")
    for isLittle in [true, false] {
      for mark in [[], [0xFEFF]] as [[UInt16]] {
        let bytes = (mark + Array(text.utf16)).flatMap {
          isLittle ? [UInt8($0 & 0xFF), UInt8($0 >> 8)] : [UInt8($0 >> 8), UInt8($0 & 0xFF)]
        }
        let wide = try await load(bytes)
        #expect(wide.status == 1 && wide.errors == "afterimage: line 1: the file is UTF-16: save it as UTF-8\n", "\(wide)")
      }
    }
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
      (
        ["Chat", "talk.tsv", "--set", "PK={nick}", "--lift"], 2,
        "--time, --zone and --lift are for the times that --history names"
      ),
      (
        ["Chat", "talk.tsv", "--set", "PK={nick}", "--history", "time", "--zone", "Europe/Berlin"], 2,
        "--zone is UTC or an offset, as +02:00, not `Europe/Berlin`"
      ),
      (
        ["Chat", "talk.tsv", "--set", "PK={nick}", "--history", "time", "--zone", "UTC", "--time", "seconds"], 2,
        "--zone is for dates: numbers count from 1970 UTC"
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

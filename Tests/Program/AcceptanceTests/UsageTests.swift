import Foundation
import Testing

/// Wrong command lines and wrong surroundings: each error says what is wrong and what to do, with its exit code.
@Suite(.timeLimit(.minutes(1))) struct UsageTests {
  struct Case: Sendable, CustomStringConvertible {
    let words: [String]
    let error: String

    init(_ line: String, _ error: String) {
      words = line.split(separator: " ").map(String.init)
      self.error = error
    }

    var description: String { words.joined(separator: " ") }
  }

  static let cases = [
    Case("devv", "`devv` is not a command of `afterimage` (did you mean `dev`?)"),
    Case("dev --prot 1", "`--prot` is not an option of `afterimage dev` (did you mean `--port`?)"),
    Case("dev --port 70000", "--port takes a whole number from 0 to 65535, not `70000`"),
    Case("dev extra", "`extra` is one word too many"),
    Case("serve --rols table", "(did you mean `--roles`?)"),
    Case("serve --roles tables", "`tables` is not a role; there are table, relay, worker, query"),
    Case("serve --roles table,relay", "the relay role needs --kafka"),
    Case("serve --kafka a:1 --kafka-set retries", "--kafka-set takes NAME=VALUE, not `retries`"),
    Case("dev --host http://a/", "--host takes a name or an address, not `http://a/`"),
    Case("dev --cors app.example.com", "--cors takes an origin such as https://app.example.com, not `app.example.com`"),
    Case("dev --cors http://a --keys f", "--cors is for a server without --keys"),
    Case("dev --read-models mysql://a", "--read-models takes a URL that begins with postgres://"),
    Case("dev --kafka a:1 --namespace Staging", "--namespace: `Staging` cannot be a namespace: use a small letter"),
    Case("relay republish Chat --kafka a:1 --namespace a.b", "--namespace: `a.b` cannot be a namespace"),
    Case("serve --roles table --namespace staging", "--namespace is for names on a Kafka or in a PostgreSQL: it goes with"),
    Case("pipeline digest chat-rooms --data x --namespace staging", "--namespace goes with --read-models"),
    Case("pipeline rebuild chat-rooms --data x --namespace staging", "--namespace goes with --read-models"),
    Case("dev --clock-jump-max 0", "--clock-jump-max takes a whole number from 1 to"),
    Case("worker drain", "NAME is missing"),
    Case("worker drain a/b", "NAME takes 1 to 249 letters, digits, dots, underscores and hyphens, not `a/b`"),
    Case(
      "serve --roles worker --kafka a:1 --read-models postgres:// --instance ä",
      "--instance takes 1 to 249 letters, digits, dots, underscores and hyphens, not `ä`"),
    Case("table recover", "--up-to-damage is missing: what follows the damage is lost"),
    Case("pipeline chek", "did you mean `check`?"),
    Case("pipeline check", "DIR is missing"),
    Case("pipeline show a b", "`b` is one word too many"),
    Case("pipeline explain chat-rooms", "QUERY is missing"),
    Case("pipeline explain chat-rooms q --parm x=1", "`--parm` is not an option of `afterimage pipeline explain`"),
    Case("table lst", "did you mean `list`?"),
    Case("table create", "TABLE is missing, or --pipeline DIR"),
    Case("table create Chat", "--key is missing: --key 'PK:S,SK:S'"),
    Case("table create Chat --key PK", "--key is NAME:TYPE"),
    Case("table create Chat --key PK:S --clock noon", "--clock is one of live, history, not `noon`"),
    Case("table put Chat", "the item is missing"),
    Case("table put Chat --json {", "--json is not JSON"),
    Case("table scan Chat --limit x", "--limit takes a whole number"),
    Case("table clock Chat", "CLOCK is missing: live"),
    Case("table clock Chat noon", "CLOCK can only become live, not `noon`"),
    Case("table clock Chat live --accept-jump", "--accept-jump is for all tables"),
    Case("table import Chat", "FILE is missing"),
    Case("table import Chat x --form tsv", "(did you mean `--format`?)"),
    Case("table import Chat x --format xml", "--format is one of tsv, csv, json, not `xml`"),
    Case("query", "PIPELINE is missing"),
    Case("query chat-rooms room_list --parm limit=1", "(did you mean `--param`?)"),
    Case("query chat-rooms room_list --param limit", "--param takes NAME=VALUE"),
    Case("leaderboard chat-rooms", "LEADERBOARD is missing"),
    Case("leaderboard chat-rooms b best", "QUESTION is one of top, range, rank, around, count, not `best`"),
    Case("leaderboard chat-rooms b rank", "--member is missing"),
    Case("leaderboard chat-rooms b count --limit 3", "--limit is not for count"),
    Case("session chat-rooms", "PROJECTION is missing"),
    Case("session chat-rooms presence --keys a", "(did you mean `--key`?)"),
    Case("session chat-rooms presence -o xml", "--output is one of text, json, not `xml`"),
    Case("log", "TABLE is missing"),
    Case("log Chat --folow", "(did you mean `--follow`?)"),
    Case("log Chat --after -1", "--after takes a whole number"),
    Case("dead-letter lst", "did you mean `list`?"),
    Case("dead-letter list", "PIPELINE is missing"),
    Case("dead-letter show chat-rooms Chat:1", "RECORD is TABLE:PARTITION:SEQUENCE"),
    Case("doctor x", "`x` is one word too many"),
    Case("doctor --dat x", "(did you mean `--data`?)"),
    Case("doctor -o", "--output needs a value"),
  ]

  @Test(arguments: cases) func `a wrong command line is named`(_ one: Case) async throws {
    let outcome = try await Program.run(Program.path, one.words)
    #expect(outcome.status == 2, "\(outcome)")
    #expect(outcome.errors.hasPrefix("afterimage: ") && outcome.errors.contains(one.error), "\(outcome)")
    #expect(outcome.errors.contains("See: afterimage") && outcome.output.isEmpty, "\(outcome)")
  }

  @Test(arguments: [
    "", "dev", "serve", "pipeline", "pipeline check", "pipeline test", "pipeline show", "pipeline explain", "table", "table list",
    "table describe",
    "table create",
    "table delete", "table get", "table put", "table scan", "table import", "table clock", "table verify", "query", "leaderboard",
    "session",
    "log",
    "dead-letter", "dead-letter list", "dead-letter show", "doctor",
  ]) func `every command has help, and all but servers can print JSON`(_ command: String) async throws {
    let outcome = try await Program.run(Program.path, command.split(separator: " ").map(String.init) + ["--help"])
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
    #expect(outcome.output.contains("Usage: afterimage\(command.isEmpty ? "" : " " + command)"), "\(outcome)")
    if !outcome.output.contains("Commands:"), !["dev", "serve"].contains(command) {
      #expect(outcome.output.contains("--output FORMAT"), "\(outcome)")
    }
  }

  @Test(arguments: [
    Case(
      "table list --endpoint http://127.0.0.1:1",
      "the table server at http://127.0.0.1:1 does not answer: start it with `afterimage dev`"),
    Case("log Chat --endpoint http://127.0.0.1:1", "the table server at http://127.0.0.1:1 does not answer"),
    Case(
      "query chat-rooms --server http://127.0.0.1:1",
      "the server at http://127.0.0.1:1 does not answer: start it with `afterimage dev`"),
    Case("leaderboard p b --server http://127.0.0.1:1", "http://127.0.0.1:1 does not answer"),
    Case("session p s --server http://127.0.0.1:1", "http://127.0.0.1:1 does not answer"),
    Case("dead-letter list p --server http://127.0.0.1:1", "http://127.0.0.1:1 does not answer"),
    Case("query p --server nowhere", "`nowhere` is not the address of a server"),
    Case("table list --endpoint nowhere", "`nowhere` is not the address of a table server"),
  ]) func `a server that does not run is named, and how to start it`(_ one: Case) async throws {
    let outcome = try await Program.run(Program.path, one.words)
    #expect(outcome.status == 1 && outcome.errors.contains(one.error), "\(outcome)")
  }

  @Test func `a port in use names the flag that changes it`() async throws {
    let folder = try TestFolder()
    let server = try await DevProcess.start(data: folder.file("one"), pipelines: [Program.pipeline("game-scores")])
    let ports = server.ports
    let tables = try await Program.run(
      "dev", "--data", folder.file("two"), "--port", "\(ports.tables)", "--page-port", "0", "-p", Program.pipeline("game-scores"))
    #expect(tables.status == 1, "\(tables)")
    #expect(
      tables.errors.contains("port \(ports.tables) is in use by another process: stop it, or choose another port with --port"))
    let page = try await Program.run(
      "dev", "--data", folder.file("three"), "--port", "0", "--page-port", "\(ports.page)", "-p", Program.pipeline("game-scores"))
    #expect(page.status == 1 && page.errors.contains("with --page-port"), "\(page)")
    let health = try await Program.run(
      "dev", "--data", folder.file("four"), "--port", "0", "--page-port", "0", "--health-port", "\(ports.page)", "-p",
      Program.pipeline("game-scores"))
    #expect(health.status == 1 && health.errors.contains("with --health-port"), "\(health)")
    #expect(await server.stop() == 0)
  }

  @Test func `a second process on one data directory is refused by name`() async throws {
    let folder = try TestFolder()
    let server = try await DevProcess.start(data: folder.file("data"), pipelines: [Program.pipeline("game-scores")])
    for more in [[], ["--fresh"]] {
      let second = try await Program.run(
        Program.path,
        ["dev", "--data", folder.file("data"), "--port", "0", "--page-port", "0", "-p", Program.pipeline("game-scores")] + more)
      #expect(second.status == 1, "\(second)")
      #expect(second.errors.contains("is in use by another afterimage process (pid \(server.child.identifier))"), "\(second)")
    }
    #expect(try await Program.run("table", "list", "--endpoint", server.tables).output.contains("GameScores"))
    #expect(await server.stop() == 0)
  }

  @Test func `a directory that cannot be written is named`() async throws {
    // Not even root writes below /proc.
    let outcome = try await Program.run(
      "dev", "--data", "/proc/afterimage", "--port", "0", "--page-port", "0", "-p", Program.pipeline("game-scores"))
    #expect(outcome.status == 1, "\(outcome)")
    #expect(
      outcome.errors.contains("the data directory /proc/afterimage cannot be created") && outcome.errors.contains("--data"),
      "\(outcome)")
  }

  @Test(arguments: [SIGINT, SIGTERM]) func `a signal stops everything in time`(_ signal: Int32) async throws {
    let folder = try TestFolder()
    let server = try await DevProcess.start(
      data: folder.file("data"), pipelines: [Program.pipeline("chat-rooms"), Program.pipeline("game-scores")], ["--demo"])
    let began = ContinuousClock.now
    server.child.signal(signal)
    #expect(await server.child.ended() == 0, "\(server.child.errors)")
    // The process gives itself 1.8 s; the rest is for a machine that is busy.
    #expect(ContinuousClock.now - began < .seconds(6))
    #expect(server.child.output.hasSuffix("stopped\n"))
    // And again on the same data.
    let again = try await DevProcess.start(data: folder.file("data"), pipelines: [Program.pipeline("chat-rooms")])
    #expect(await again.stop() == 0)
  }

  @Test func `the demo brings its sample pipelines along, in any folder, and what was edited stays`() async throws {
    let folder = try TestFolder()
    let arguments = ["dev", "--demo", "--port", "0", "--page-port", "0", "--seconds"]
    let demo = try await Program.run(Program.path, arguments + ["2"], in: folder.path)
    #expect(demo.status == 0, "\(demo)")
    for name in [
      "chat-memory", "chat-rooms", "chatbot-sessions", "direct-messages", "errbot", "game-scores", "mini-jira", "session-store",
      "session-store-single",
    ] {
      #expect(demo.output.contains("pipeline   \(name) "), "\(demo)")
      let own = try String(contentsOfFile: folder.file("afterimage-data/sample-pipelines/\(name)/pipeline.yaml"), encoding: .utf8)
      #expect(own == (try String(contentsOfFile: Program.pipeline(name) + "/pipeline.yaml", encoding: .utf8)))
    }
    let file = "afterimage-data/sample-pipelines/game-scores/pipeline.yaml"
    let edited = try String(contentsOfFile: folder.file(file), encoding: .utf8) + "# mine\n"
    try folder.write(file, edited)
    #expect(try await Program.run(Program.path, arguments + ["1"], in: folder.path).status == 0)
    #expect(try String(contentsOfFile: folder.file(file), encoding: .utf8) == edited)
  }

  @Test func `--fresh deletes what is ours and nothing else`() async throws {
    let folder = try TestFolder()
    try folder.write("data/notes.txt", "mine")
    let refused = try await Program.run(
      "dev", "--fresh", "--data", folder.file("data"), "--port", "0", "--page-port", "0", "-p", Program.pipeline("game-scores"))
    #expect(refused.status == 1 && refused.errors.contains("holds files that are not afterimage's"), "\(refused)")
    #expect(FileManager.default.fileExists(atPath: folder.file("data/notes.txt")))
  }

  @Test func `the version is shown`() async throws {
    let outcome = try await Program.run("--version")
    #expect(outcome.status == 0 && outcome.output.hasPrefix("afterimage 0."))
  }

  @Test func `settings of a file hold where neither the command line nor the environment says otherwise`() async throws {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let file = try folder.write(
      "settings.yaml",
      """
      data: \(folder.file("of-the-file"))
      pipeline: [\(folder.file("notes"))]
      page-port: nowhere
      log-level: debug

      """)
    func dev(_ words: [String], environment: [String] = []) throws -> ChildProcess {
      try ChildProcess("/usr/bin/env", environment + [Program.path, "dev", "--settings", file, "--port", "0"] + words)
    }
    let wrong = try dev([])
    #expect(await wrong.ended() == 2)
    #expect(wrong.errors.contains("settings.yaml:3:12: page-port takes a whole number from 0 to 65535, not `nowhere`"))
    let overridden = try dev(["--page-port", "0", "--health-port", "0"])
    #expect(await overridden.line("pipeline ")?.contains("notes") == true, "\(overridden.errors)")
    #expect(FileManager.default.fileExists(atPath: folder.file("of-the-file/tables")))
    overridden.signal(SIGINT)
    #expect(await overridden.ended() == 0)
    let ofEnvironment = try dev(
      ["--health-port", "0"], environment: ["AFTERIMAGE_PAGE_PORT=0", "AFTERIMAGE_DATA=\(folder.file("of-the-environment"))"])
    #expect(await ofEnvironment.line("pipeline ")?.contains("notes") == true, "\(ofEnvironment.errors)")
    #expect(FileManager.default.fileExists(atPath: folder.file("of-the-environment/tables")))
    ofEnvironment.signal(SIGINT)
    #expect(await ofEnvironment.ended() == 0)
    let nowhere = try dev([], environment: ["AFTERIMAGE_PAGE_PORT=nowhere"])
    #expect(await nowhere.ended() == 2)
    #expect(nowhere.errors.contains("AFTERIMAGE_PAGE_PORT: page-port takes a whole number"), "\(nowhere.errors)")
    try folder.write("settings.yaml", "read-models: postgres://localhost:1/x\n")
    let other = try dev(
      ["--page-port", "0", "--health-port", "0", "--data", folder.file("data")], environment: ["AFTERIMAGE_READ_MODELS=mysql://a"]
    )
    #expect(await other.ended() == 2)
    #expect(other.errors.contains("--read-models takes a URL that begins with postgres://"), "\(other.errors)")
    try folder.write("settings.yaml", "pagee-port: 1\n")
    let unknown = try dev([])
    #expect(await unknown.ended() == 2)
    #expect(unknown.errors.contains("settings.yaml:1:1: `pagee-port` is not a setting of `dev` (did you mean `page-port`?)"))
    try FileManager.default.removeItem(atPath: file)
    let missing = try dev([])
    #expect(await missing.ended() == 2)
    #expect(missing.errors.contains("settings.yaml cannot be read"))
  }
}

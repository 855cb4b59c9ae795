internal import DynamoModel
internal import Foundation
internal import Services
internal import TableStore

/// `afterimage table import` of the real messages, as the README has it, into a table server in a process of its own: a history with a time for each row.
///
/// Processor time is that of both processes together, from their start to their end.
enum ImportBench {
  private static let table = "ChatHistory"

  static func run(_ report: inout Report) async throws {
    let shared = ProcessInfo.processInfo.environment["AFTERIMAGE_SHARED"] ?? "../shared"
    let file = shared + "/data/ubuntu-irc.tsv.gz"
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "afterimage").path
    guard FileManager.default.fileExists(atPath: file), FileManager.default.isExecutableFile(atPath: program) else {
      return report.note(
        "import", "skipped: the messages are in ../shared, or where AFTERIMAGE_SHARED says, and `afterimage` beside the bench")
    }
    var measured = report
    try await withTemporaryDirectory { directory in
      let data = directory + "/tables"
      let store = try TableStore(path: data)
      let key = KeySchema(
        partition: KeyAttribute(name: "PK", type: .string), sort: KeyAttribute(name: "SK", type: .string))
      _ = try store.createTable(TableDefinition(name: table, key: key), clock: .history)
      store.close()
      let before = Stopwatch.childrenCPU
      let server = try Executable.spawn(["/proc/self/exe", "serve-store", data], output: directory + "/serve.out")
      let end = ContinuousClock.now + .seconds(60)
      var port: Substring?
      while port == nil {
        guard ContinuousClock.now < end else { throw BenchError("the server does not start") }
        try await Task.sleep(for: .milliseconds(2))
        port = (try? String(contentsOfFile: data + ".port", encoding: .utf8))?.split(separator: " ").first
      }
      let output = directory + "/import.out"
      let status = try Executable.status(
        of: [
          program, "table", "import", table, file, "--endpoint", "http://127.0.0.1:\(port ?? "")", "-o", "json",
          "--columns", "time,nick,text", "--history", "time", "--set", "PK=User:{nick}", "--set", "SK={time}#{line:06}",
          "--set", "RoomID=ubuntu", "--set", "CreatedAt={time}", "--set", "Comment={text}",
        ], output: output, keepsErrors: true)
      kill(server, SIGKILL)
      var ended: Int32 = 0
      waitpid(server, &ended, 0)
      let text = try String(contentsOfFile: output, encoding: .utf8)
      let answer = try? JSONTape(Array(text.utf8))
      func number(_ name: String) -> Double? {
        answer.flatMap { $0.member($0.root, name) }.flatMap { Double(answer?.text($0) ?? "") }
      }
      guard status == 0, let items = number("items"), let seconds = number("seconds") else {
        throw BenchError("the import ended with status \(status): \(text)")
      }
      measured.add("import.items", items, "items")
      measured.add("import.per_second", items / seconds, "items/s")
      measured.add("import.per_cpu_second", items / (Stopwatch.childrenCPU - before), "items/cpu-s")
    }
    report = measured
  }
}

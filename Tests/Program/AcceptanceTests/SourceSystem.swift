import Foundation
import PythonTestKit
import Testing

/// A source system whose acceptance program `system_<letter>.py` stands beside this file, with what it runs on.
struct SourceSystem: Sendable, CustomStringConvertible {
  let letter: String
  /// In every secret that the program writes: no process may say it, and no topic may hold it.
  let secret: String?
  /// Values of the pipelines' parameters, as `--set` takes them: spans that a test can wait for.
  let settings: [String]
  let reaches: Outside.Kind?
  /// The Python that has what the program imports.
  let python: String
  let pipelines: @Sendable (TestFolder) throws -> [String]

  init(
    _ letter: String, secret: String? = nil, settings: [String] = [], reaches: Outside.Kind? = nil, python: String = Python.path,
    _ pipelines: @escaping @Sendable (TestFolder) throws -> [String]
  ) {
    self.letter = letter
    self.secret = secret
    self.settings = settings
    self.reaches = reaches
    self.python = python
    self.pipelines = pipelines
  }

  static let chatbotSessions = SourceSystem("a", secret: "prefer-", settings: ["chatbot-sessions.idle=30s"]) { _ in
    [Program.pipeline("chatbot-sessions")]
  }
  static let sessionStore = SourceSystem("b", secret: "tok3n-") { [Program.pipeline("session-store"), try shortened($0)] }
  static let chatRooms = SourceSystem("c") { _ in [Program.pipeline("chat-rooms")] }
  static let errbot = SourceSystem("d", reaches: .webhooks(parameter: "errbot.alerts")) { _ in [Program.pipeline("errbot")] }
  static let directMessages = SourceSystem("e") { _ in [Program.pipeline("direct-messages")] }
  static let miniJira = SourceSystem("f", secret: "passw0rd-", reaches: .mails) { _ in [Program.pipeline("mini-jira")] }
  static let chatMemory = SourceSystem("g", python: Python.clients) { _ in [Program.pipeline("chat-memory")] }
  static let all = [chatbotSessions, sessionStore, chatRooms, errbot, directMessages, miniJira, chatMemory]

  /// What is to run under all conditions: every system, or those whose letters AFTERIMAGE_ACCEPTANCE has (`ef`).
  static let asked: [SourceSystem] = {
    guard let asked = ProcessInfo.processInfo.environment["AFTERIMAGE_ACCEPTANCE"]?.lowercased() else { return [] }
    let named = all.filter { asked.contains($0.letter) }
    return named.isEmpty ? all : named
  }()

  var description: String { "system \(letter.uppercased())" }

  /// What it runs under. Without a fleet it is one process, whose log delivers every record once; the scenarios of the pipelines deliver them twice.
  struct Conditions: Sendable, CustomStringConvertible {
    var partitions = 1
    var isFleet = false
    var isKilled = false
    /// Every record stands on its topic twice.
    var isDoubled = false

    var description: String {
      "\(isFleet ? "Kafka and PostgreSQL" : "one process"), \(partitions) partitions"
        + "\(isKilled ? ", kill -9 between writing and reading" : ", replay")\(isDoubled ? ", every record twice" : "")"
    }

    /// What `make acceptance` runs each system under.
    static let all = [
      Conditions(), Conditions(partitions: 3), Conditions(isKilled: true), Conditions(partitions: 3, isKilled: true),
      Conditions(partitions: 3, isFleet: true), Conditions(partitions: 3, isFleet: true, isKilled: true),
      Conditions(partitions: 3, isFleet: true, isDoubled: true),
      Conditions(partitions: 3, isFleet: true, isKilled: true, isDoubled: true),
    ]
  }

  /// Runs the program to its end; `only` names scenarios, and without any it is all of them.
  func run(_ conditions: Conditions, only: [String] = []) async throws {
    try await SourceSystem.run(
      "system_\(letter).py", conditions, secret: secret, settings: settings, reaches: reaches, python: python, only: only,
      pipelines)
  }

  static func run(
    _ program: String, _ conditions: Conditions, secret: String? = nil, settings: [String] = [], reaches: Outside.Kind? = nil,
    python interpreter: String = Python.path, only: [String] = [], _ pipelines: (TestFolder) throws -> [String]
  ) async throws {
    let folder = try TestFolder()
    let loaded = try pipelines(folder)
    let outside = try Outside(reaches, folder)
    let words = SystemPlaceWords(settings: settings + outside.settings, ofWorker: outside.words)
    let place: any SystemPlace =
      conditions.isFleet
      ? try await FleetPlace(folder, loaded, conditions, secret: secret, words: words)
      : try await ProcessPlace(folder, loaded, partitions: conditions.partitions, words: words)
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: program).path
    let way = conditions.isKilled ? "killed" : "plain"
    let python = try ChildProcess(
      "/usr/bin/env", ["OUTSIDE=\(outside.file)", interpreter, file, place.tables, place.page, place.models, way] + only)
    var line = 0
    while let text = await python.line(line) {
      line += 1
      switch text {
      case "KILL": try await place.kill()
      case "REPLAY": try await place.replay()
      default: continue
      }
      python.send("done \(place.models)")
    }
    let status = await python.ended()
    #expect(status == 0, "\(python.output)\(python.errors)\n\(place.said.suffix(20_000))")
    try await place.stop()
    outside.stop()
    if let secret { #expect(!place.said.contains(secret), "a secret is in what a process says") }
  }

  /// The session store with spans that a test can wait for.
  private static func shortened(_ folder: TestFolder) throws -> String {
    let text = try String(contentsOfFile: Program.pipeline("session-store") + "/pipeline.yaml", encoding: .utf8)
    let short = text.replacingOccurrences(of: "pipeline: session-store", with: "pipeline: session-store-short")
      .replacingOccurrences(of: "session_store", with: "session_store_short")
      .replacingOccurrences(of: "gap: 12h", with: "gap: 2s").replacingOccurrences(of: "max: 10m", with: "max: 1s")
    #expect(short.contains("gap: 2s") && short.contains("max: 1s"))
    return (try folder.write("short/pipeline.yaml", short) as NSString).deletingLastPathComponent
  }
}

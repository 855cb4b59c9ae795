internal import Arguments
internal import DynamoModel

/// `afterimage effect ...`: what pipelines do to tables, held back, tried again or taken out.
enum EffectCommand {
  static let command = Command(
    "effect", about: "Effects that wait to be carried out or were given up.",
    notes: """
      An effect is named as the pipeline file names it; a session's own `expire: delete item` is named as its projection. What is paused waits in
      the outbox, over restarts too.
      """,
    commands: [list, switching("pause", "Hold the effects of a name back.", isPause: true), resume, retry, discard])

  private static let pipeline = Command.Positional("PIPELINE", "The pipeline.")
  private static let effect = Command.Positional("EFFECT", "The effect's name.")
  private static let resume = switching("resume", "Let the effects of a name go on.", isPause: false)

  private static let list = Command(
    "list", about: "List effects that wait or were given up.", positionals: [pipeline],
    options: [
      .init("state", value: "STATE", "Only those that are pending, or failed."),
      .init("limit", value: "N", "At most this many.", default: "100"), PageServer.option, PageServer.tokenFile,
      Commands.authorities, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    var parameters = [("limit", "\(try arguments.integer("limit", in: 1...1000) ?? 100)")]
    if let state = try arguments.choice("state", of: ["pending", "failed"]) { parameters.append(("state", state)) }
    let tape = try await PageServer(arguments).get([arguments.words[0], "effects"], parameters.map { (name: $0.0, value: $0.1) })
    let paused = tape.member(tape.root, "paused").map { tape.strings($0) } ?? []
    if !isJSON, !paused.isEmpty { Console.line("paused: \(paused.joined(separator: ", "))") }
    PageServer.print(tape, isJSON: isJSON)
  }

  private static func switching(_ word: String, _ about: String, isPause: Bool) -> Command {
    Command(
      word, about: about, positionals: [pipeline, effect],
      options: [PageServer.option, PageServer.tokenFile, Commands.authorities, Commands.output]
    ) { arguments in
      let tape = try await PageServer(arguments).post([arguments.words[0], "effects", arguments.words[1], word])
      try report(tape, arguments, "\(arguments.words[1]) \(isPause ? "is paused" : "goes on")")
    }
  }

  private static let retry = Command(
    "retry", about: "Try effects again that were given up.", positionals: [pipeline, effect],
    options: [
      .init("id", value: "N", "Only the one with this number, as `effect list` shows it."), PageServer.option,
      PageServer.tokenFile, Commands.authorities, Commands.output,
    ]
  ) { arguments in try await change("retry", arguments) }

  private static let discard = Command(
    "discard", about: "Take effects out of the outbox without carrying them out.", positionals: [pipeline, effect],
    options: [
      .init("id", value: "N", "Only the one with this number, as `effect list` shows it."),
      .init("state", value: "STATE", "Those that are pending, or failed.", default: "failed"), PageServer.option,
      PageServer.tokenFile, Commands.authorities, Commands.output,
    ]
  ) { arguments in try await change("discard", arguments) }

  private static func change(_ word: String, _ arguments: ParsedArguments) async throws {
    var parameters: [(name: String, value: String)] = []
    if let id = try arguments.integer("id", in: 1...Int.max) {
      parameters.append(("id", "\(id)"))
    } else {
      parameters.append(("effect", arguments.words[1]))
      if word == "discard", let state = try arguments.choice("state", of: ["pending", "failed"]) {
        parameters.append(("state", state))
      }
    }
    let tape = try await PageServer(arguments).post([arguments.words[0], "effects", word], parameters)
    let count = tape.text(tape.root, word)
    try report(
      tape, arguments, "\(count) \(count == "1" ? "effect" : "effects") \(word == "retry" ? "to be tried again" : "discarded")")
  }

  private static func report(_ tape: JSONTape, _ arguments: ParsedArguments, _ text: String) throws {
    Console.line(try Commands.isJSON(arguments) ? tape.text(tape.root) : text)
  }
}

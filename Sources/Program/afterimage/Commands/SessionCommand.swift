internal import Arguments

/// `afterimage session PIPELINE PROJECTION`
enum SessionCommand {
  static let command = Command(
    "session", about: "Show the sessions of a key, or those that are active.",
    notes: "afterimage session chat-rooms presence --key ana",
    positionals: [.init("PIPELINE", "The pipeline."), .init("PROJECTION", "The sessions projection.")],
    options: [
      .init("key", value: "PART", "The sessions of this key, ended ones too; once for each part of a longer key."),
      .init("limit", value: "N", "At most this many."), PageServer.atLeast, PageServer.option, PageServer.tokenFile,
      Commands.authorities, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    var parameters = PageServer.atLeast(arguments)
    for part in arguments.all("key") { parameters.append(("key", part)) }
    if let limit = arguments.value("limit") { parameters.append(("limit", limit)) }
    let tape = try await PageServer(arguments).get([arguments.words[0], "sessions", arguments.words[1]], parameters)
    PageServer.print(tape, isJSON: isJSON)
  }
}

internal import Arguments
internal import DynamoModel

/// `afterimage query PIPELINE QUERY`: a named query of a pipeline.
enum QueryCommand {
  static let command = Command(
    "query", about: "Ask a pipeline's named query; without a query, list them.",
    notes: "afterimage query chat-rooms room_latest --param room=Music --param limit=5",
    positionals: [.init("PIPELINE", "The pipeline."), .init("QUERY", "The query.", count: .optional)],
    options: [
      .init("param", short: "P", value: "NAME=VALUE", "A parameter; give one for each."), PageServer.atLeast, PageServer.option,
      PageServer.tokenFile, Commands.authorities,
      Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    var parameters: [(name: String, value: String)] = []
    for text in arguments.all("param") {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw UsageError("--param takes NAME=VALUE, as room=Music, not `\(text)`", command: arguments.command)
      }
      parameters.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
    }
    let server = try PageServer(arguments)
    guard arguments.words.count > 1 else { return try await list(arguments.words[0], server, isJSON) }
    let tape = try await server.get(
      [arguments.words[0], "queries", arguments.words[1]], parameters + PageServer.atLeast(arguments))
    PageServer.print(tape, isJSON: isJSON)
  }

  private static func list(_ pipeline: String, _ server: PageServer, _ isJSON: Bool) async throws {
    let tape = try await server.get([pipeline])
    if isJSON { return Console.line(tape.member(tape.root, "queries").map { tape.text($0) } ?? "[]") }
    let rows = tape.elements(tape.root, "queries").map { query in
      let parameters = tape.elements(query, "parameters").map { tape.text($0, "name") + " " + tape.text($0, "type") }
      return [tape.text(query, "name"), parameters.joined(separator: ", "), tape.text(query, "about")]
    }
    Console.line(rows.isEmpty ? "\(pipeline) has no queries" : Console.table(["query", "parameters", "about"], rows))
  }
}

internal import Arguments
internal import DynamoModel

/// `afterimage pipeline explain PIPELINE QUERY`
enum PipelineExplainCommand {
  static let command = Command(
    "explain", about: "Show how a query finds its rows, and what would help where it reads many.",
    notes: """
      afterimage pipeline explain chat-rooms room_latest

      Shows SQLite's plan (EXPLAIN QUERY PLAN) for the read model of a running process, with the rows of each projection that it reads. A SEARCH
      finds rows by a key or an index, a SCAN reads all; for each SCAN of more than 10,000 rows a hint says what would help.
      """,
    positionals: [.init("PIPELINE", "The pipeline."), .init("QUERY", "The query.")],
    options: [PageServer.option, PageServer.tokenFile, Commands.authorities, Commands.output]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let tape = try await PageServer(arguments).get([arguments.words[0], "queries", arguments.words[1], "explain"])
    Console.line(isJSON ? tape.text(tape.root) : text(tape))
  }

  private static func text(_ tape: JSONTape) -> String {
    let steps = tape.elements(tape.root, "steps").map { step in
      let indent = String(repeating: "  ", count: Int(tape.text(step, "depth")) ?? 0)
      let reads = tape.elements(step, "reads").map { read in
        let count = tape.text(read, "rows")
        return "\(tape.text(read, "projection")), \(count) \(count == "1" ? "row" : "rows")"
      }
      return [indent + tape.text(step, "step"), reads.joined(separator: "; ")]
    }
    let hints = tape.member(tape.root, "hints").map { tape.strings($0) } ?? []
    var parts = [Console.table(["step", "reads"], steps)]
    parts += hints.map { "hint: \($0)" }
    let many = hints.count == 1 ? "1 hint" : "\(hints.count) hints"
    parts.append(PageServer.validity(tape, hints.isEmpty ? "nothing reads many rows" : many))
    return parts.joined(separator: "\n\n")
  }
}

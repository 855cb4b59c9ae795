internal import Arguments
internal import Assembly
internal import DynamoModel

/// `afterimage pipeline rebuild PIPELINE`
enum PipelineRebuildCommand {
  static let command = Command(
    "rebuild", about: "Have a pipeline's read model rebuilt from the log.",
    notes: """
      A running process, at --server, builds a new generation beside the current one, which serves until then. With --data, or
      --read-models for a database, the process is stopped, and the next start does so. Files that cannot be read at all are set aside. Effects that were carried out are not carried out again.
      """,
    positionals: [.init("PIPELINE", "The pipeline's name.")],
    options: [
      .init("data", value: "DIR", "Where tables and read models of a stopped process are kept."), NodeOptions.readModelsThere,
      NodeOptions.passwordFile, NodeOptions.namespace, PageServer.option, PageServer.tokenFile, Commands.authorities,
      Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let name = arguments.words[0]
    if let place = try NodeOptions.place(arguments) {
      try Rebuild.prepare(name, at: place)
      return Console.line(isJSON ? #"{"rebuild":"\#(name)"}"# : "the next start rebuilds \(name) from the log")
    }
    let tape = try await PageServer(arguments).post([name, "rebuild"])
    Console.line(isJSON ? tape.text(tape.root) : "\(name) is being rebuilt; the current rows serve until then")
  }
}

internal import Arguments
internal import Assembly

/// `afterimage pipeline rebuild PIPELINE`
enum PipelineRebuildCommand {
  static let command = Command(
    "rebuild", about: "Have a pipeline's read model built anew from the log, at the next start.",
    notes: """
      For a read model that is damaged, of another version, or of a table that was made anew. Stop the process first. The rows come back as
      the log is read; effects that were carried out are not carried out again, and the old files stay until later generations replace them.
      """,
    positionals: [.init("PIPELINE", "The pipeline's name.")],
    options: [
      .init("data", value: "DIR", "Where tables and read models are kept.", default: "./afterimage-data"), Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    try Rebuild.prepare(arguments.words[0], data: arguments.value("data") ?? "./afterimage-data")
    Console.line(isJSON ? #"{"rebuild":"\#(arguments.words[0])"}"# : "the next start builds \(arguments.words[0]) anew")
  }
}

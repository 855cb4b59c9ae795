internal import Arguments
internal import Assembly
internal import DynamoModel
internal import ReadModels

/// `afterimage pipeline digest PIPELINE`
enum PipelineDigestCommand {
  static let command = Command(
    "digest", about: "Show the digest of a read model's rows; exit code 3 if a row does not match its hash.",
    notes: """
      Reads every row of the current read model as of one moment, whether a process works on it or not, and changes nothing. Read models with the
      same rows have the same digests, however they were made. Rows that do not match the hash stored with them are named, and so is a projection whose
      rows are not those that checkpoints have written.
      """,
    positionals: [.init("PIPELINE", "The pipeline's name.")],
    options: [
      .init(
        "data", value: "DIR",
        "Where read models in files are kept: ./afterimage-data unless --read-models or AFTERIMAGE_READ_MODELS names a database."),
      NodeOptions.readModelsThere, NodeOptions.passwordFile, NodeOptions.namespace, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let place = try NodeOptions.usualPlace(arguments)
    let check = try ReadModelCheck(arguments.words[0], at: place)
    Console.line(isJSON ? json(check) : text(check, place))
    if !check.isFine { throw CheckFailure() }
  }

  private static func text(_ check: ReadModelCheck, _ place: ReadModelPlace) -> String {
    var lines = check.rows.map { (name: $0.projection, rows: "\($0.found.rows)", digest: $0.found.digits) }
    if let digest = check.digest {
      lines.append(("all of \(check.pipeline)", "\(check.rows.reduce(0) { $0 + $1.found.rows })", digest))
    }
    let names = lines.map(\.name.count).max() ?? 0
    let counts = lines.map(\.rows.count).max() ?? 0
    var shown = lines.map { line in
      "\(line.name)\(blank(names - line.name.count))  \(blank(counts - line.rows.count))\(line.rows) rows  \(line.digest)"
    }
    shown += check.findings.map { "wrong: \($0)" }
    if !check.isFine { shown.append("→ \(ReadModelCheck.advice(check.pipeline, at: place))") }
    return shown.joined(separator: "\n")
  }

  private static func blank(_ count: Int) -> String { String(repeating: " ", count: count) }

  private static func json(_ check: ReadModelCheck) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("pipeline", check.pipeline)
    writer.name("generation")
    if let generation = check.generation { writer.integer(generation) } else { writer.null() }
    writer.name("digest")
    if let digest = check.digest { writer.string(digest) } else { writer.null() }
    writer.name("projections")
    writer.array(check.rows) { writer, projection in
      writer.beginObject()
      writer.member("projection", projection.projection)
      writer.member("rows", projection.found.rows)
      writer.member("digest", projection.found.digits)
      writer.member("unequal_rows", projection.unequalCount)
      writer.endObject()
    }
    writer.name("findings")
    writer.array(check.findings) { $0.string($1) }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

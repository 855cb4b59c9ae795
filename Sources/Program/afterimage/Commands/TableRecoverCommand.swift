internal import Arguments
internal import Assembly
internal import ChangeRecords
internal import DynamoModel

/// `afterimage table recover --up-to-damage`
enum TableRecoverCommand {
  static let command = Command(
    "recover",
    about: "Keep what comes before the damage in the write-ahead log of a data directory; exit code 3 without --yes.",
    notes: """
      For a server that does not start because a write-ahead log (tables/*.log) is damaged. Without --yes it changes nothing: it says where the
      damage is, what would be lost, and which read models have applied records that would be gone, those in a database too when it is named. With
      --yes what follows the damage is lost for good, and every table gets a new table id, so that everything that reads a change log begins again:
      read models are rebuilt at the next start, relays publish the tables from the start of their logs, streams have new names. Keep a copy of the
      directory first.
      """,
    options: [
      .init("up-to-damage", "Confirms that what follows the damage may go; there is no other kind of recovery."),
      .init("yes", "Do it, instead of only saying what would be lost."),
      .init("data", value: "DIR", "Where tables and read models are kept.", default: "./afterimage-data"),
      NodeOptions.readModelsThere, NodeOptions.passwordFile, NodeOptions.namespace, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    guard arguments.has("up-to-damage") else {
      throw UsageError("--up-to-damage is missing: what follows the damage is lost", command: arguments.command)
    }
    let data = arguments.value("data") ?? "./afterimage-data"
    let isDone = arguments.has("yes")
    let recovery = try TableRecovery.run(data: data, database: try NodeOptions.databasePlace(arguments), isDone: isDone)
    if isJSON { Console.line(json(recovery, isDone)) } else { text(recovery, isDone, data) }
    if recovery != nil, !isDone { throw CheckFailure() }
  }

  private static func text(_ recovery: TableRecovery?, _ isDone: Bool, _ data: String) {
    guard let recovery else { return Console.line("the write-ahead log of \(data) is not damaged: nothing to do") }
    Console.line("\(recovery.file) is damaged at byte \(recovery.offset): \(recovery.reason)")
    let verb = isDone ? "lost" : "would be lost"
    Console.line(
      recovery.changesLost > 0
        ? "\(verb): at least \(recovery.changesLost) changes (an item, an index entry and a change record are one each)"
        : "\(verb): whatever follows the damage; nothing there is known to have been acknowledged")
    for one in recovery.kept { Console.line("kept: \(one.table) partition \(one.partition) through record \(one.sequence)") }
    for one in recovery.ahead {
      Console.line(
        "read model \(one.pipeline) has applied \(one.table) partition \(one.partition) through record \(one.applied): "
          + "\(one.applied.records(after: one.kept)) records more than are kept")
    }
    if isDone {
      Console.line("every table has a new table id; relays begin again from the start of its log")
      if !recovery.readModels.isEmpty {
        Console.line("the next start rebuilds the read models: \(recovery.readModels.joined(separator: ", "))")
      }
    } else {
      Console.line("nothing was changed; do it with: afterimage table recover --up-to-damage --yes --data \(data)")
    }
  }

  private static func json(_ recovery: TableRecovery?, _ isDone: Bool) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("damaged", recovery != nil)
    if let recovery {
      writer.member("recovered", isDone)
      writer.member("file", recovery.file)
      writer.member("reason", recovery.reason)
      writer.member("offset", recovery.offset)
      writer.member("changesLost", Int(clamping: recovery.changesLost))
      writer.name("kept")
      writer.array(recovery.kept) { writer, one in
        writer.beginObject()
        writer.member("table", one.table)
        writer.member("partition", one.partition)
        writer.member("sequence", Int(clamping: one.sequence.rawValue))
        writer.endObject()
      }
      writer.name("ahead")
      writer.array(recovery.ahead) { writer, one in
        writer.beginObject()
        writer.member("pipeline", one.pipeline)
        writer.member("table", one.table)
        writer.member("partition", one.partition)
        writer.member("applied", Int(clamping: one.applied.rawValue))
        writer.member("kept", Int(clamping: one.kept.rawValue))
        writer.endObject()
      }
      writer.name("readModels")
      writer.array(recovery.readModels) { $0.string($1) }
    }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

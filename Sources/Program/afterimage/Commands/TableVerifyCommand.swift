internal import Arguments
internal import DynamoModel

/// `afterimage table verify [TABLE]`
enum TableVerifyCommand {
  /// A table of many millions of items is walked over for minutes, and the answer comes at the end.
  static let timeoutSeconds = 3600.0

  static let command = Command(
    "verify", about: "Check that a table's items, indexes, TTL, log and counts agree.",
    notes: """
      Without TABLE every table is checked. Each is looked at as of one moment, while writes go on.
      The first differences are named with their kind and the item's key; the exit code is then 3.
      """,
    positionals: [.init("TABLE", "The table; all of them when it is left out.", count: .optional)],
    options: [Commands.endpoint, Commands.authorities, Commands.output]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let server = TableServer(arguments, timeoutSeconds: timeoutSeconds)
    var isFine = true
    for table in arguments.words.isEmpty ? try await tables(server) : arguments.words {
      let tape = try await server.call("Afterimage_20261121.VerifyTable", on: table)
      if tape.text(tape.root, "DifferenceCount") != "0" { isFine = false }
      Console.line(isJSON ? tape.text(tape.root) : report(table, tape))
    }
    if !isFine { throw CheckFailure() }
  }

  private static func tables(_ server: TableServer) async throws -> [String] {
    var names: [String] = []
    while true {
      let last = names.last
      let tape = try await server.call("ListTables") { writer in
        guard let last else { return }
        writer.member("ExclusiveStartTableName", last)
      }
      names += tape.member(tape.root, "TableNames").map { tape.strings($0) } ?? []
      if tape.member(tape.root, "LastEvaluatedTableName") == nil { return names }
    }
  }

  private static func report(_ table: String, _ tape: JSONTape) -> String {
    let root = tape.root
    var lines: [String] = []
    for difference in tape.elements(root, "Differences") {
      var words = [tape.text(difference, "Kind")]
      let index = tape.text(difference, "IndexName")
      if !index.isEmpty { words.append("index \(index)") }
      if let key = tape.member(difference, "Key") { words.append(tape.text(key)) }
      lines.append("  \(words.joined(separator: " ")): \(tape.text(difference, "Text"))")
    }
    let count = tape.text(root, "DifferenceCount")
    var head =
      "\(table): \(tape.text(root, "Items")) items, \(tape.text(root, "IndexEntries")) index entries, "
      + "\(tape.text(root, "TimeToLiveEntries")) TTL entries, \(tape.text(root, "Records")) records"
    if tape.text(root, "LogIsTrimmed") == "true" { head += " (of a trimmed log)" }
    for index in tape.member(root, "Filling").map({ tape.strings($0) }) ?? [] { head += ", index \(index) is being filled" }
    head += count == "0" ? ": all agree" : ": \(count) differences"
    if let total = Int(count), total > lines.count { lines.append("  and \(total - lines.count) more") }
    return ([head] + lines).joined(separator: "\n")
  }
}

internal import Arguments
internal import DynamoModel

/// `afterimage table describe TABLE`
enum TableDescribeCommand {
  static let command = Command(
    "describe", about: "Show a table's key, indexes, stream, TTL and log.", positionals: [TableCommand.table],
    options: [Commands.endpoint, Commands.authorities, Commands.output]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let server = TableServer(arguments)
    let name = arguments.words[0]
    let tape = try await server.call("DescribeTable", on: name)
    if isJSON { return Console.line(tape.text(tape.root)) }
    guard let table = tape.member(tape.root, "Table") else { return Console.line(tape.text(tape.root)) }
    var lines = [("table", name), ("items", tape.text(table, "ItemCount")), ("bytes", tape.text(table, "TableSizeBytes"))]
    lines.append(("key", key(tape, table, types(tape, table))))
    for (kind, member) in [("index", "GlobalSecondaryIndexes"), ("local index", "LocalSecondaryIndexes")] {
      for index in tape.elements(table, member) {
        lines.append((kind, "\(tape.text(index, "IndexName")): \(key(tape, index, types(tape, table)))"))
      }
    }
    let stream = tape.member(table, "StreamSpecification").map { tape.text($0, "StreamViewType") }
    lines.append(("stream", stream ?? "off"))
    let live = try await server.call("DescribeTimeToLive", on: name)
    let attribute = live.member(live.root, "TimeToLiveDescription").map { live.text($0, "AttributeName") } ?? ""
    lines.append(("ttl", attribute.isEmpty ? "off" : attribute))
    let own = try await server.call("Afterimage_20261121.DescribeServer")
    if let found = own.elements(own.root, "Tables").first(where: { Text.equal(own.text($0, "TableName"), name) }) {
      let kept = own.member(found, "PrivateAttributes").map { own.strings($0) } ?? []
      lines.append(("private", kept.isEmpty ? "nothing" : kept.joined(separator: ", ")))
      lines.append(
        (
          "log",
          "\(own.text(found, "Partitions")) partitions, \(own.text(found, "Clock")) clock, table id \(own.text(found, "TableId"))"
        ))
    }
    for (label, text) in lines { Console.line(label + String(repeating: " ", count: 13 - label.count) + text) }
  }

  private static func types(_ tape: JSONTape, _ table: Int) -> [(String, String)] {
    tape.elements(table, "AttributeDefinitions").map { (tape.text($0, "AttributeName"), tape.text($0, "AttributeType")) }
  }

  private static func key(_ tape: JSONTape, _ owner: Int, _ types: [(String, String)]) -> String {
    tape.elements(owner, "KeySchema").map { element in
      let name = tape.text(element, "AttributeName")
      return "\(name):\(types.first { Text.equal($0.0, name) }?.1 ?? "?")"
    }.joined(separator: ", ")
  }
}

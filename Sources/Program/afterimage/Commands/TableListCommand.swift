internal import Arguments
internal import DynamoModel

/// `afterimage table list`
enum TableListCommand {
  static let command = Command(
    "list", about: "List the tables.", options: [Commands.endpoint, Commands.authorities, Commands.output]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let tape = try await TableServer(arguments).call("Afterimage_20261121.DescribeServer")
    if isJSON { return Console.line(tape.text(tape.root)) }
    let rows = tape.elements(tape.root, "Tables").map { table in
      ["TableName", "ItemCount", "Partitions", "Clock"].map { tape.text(table, $0) }
    }
    Console.line(
      rows.isEmpty
        ? "no tables: make one with `afterimage table create`" : Console.table(["table", "items", "partitions", "clock"], rows))
  }
}

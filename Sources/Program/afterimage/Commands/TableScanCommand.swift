internal import Arguments
internal import DynamoModel

/// `afterimage table scan TABLE`
enum TableScanCommand {
  static let command = Command(
    "scan", about: "Show a table's items.",
    notes: "With -o json one item a line, as `afterimage table import` takes them.", positionals: [TableCommand.table],
    options: [
      .init("limit", value: "N", "At most this many items.", default: "100"),
      .init("index", value: "INDEX", "The items of an index."),
      Commands.endpoint, Commands.authorities, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let limit = try arguments.integer("limit", in: 1...10_000_000) ?? 100
    let server = TableServer(arguments)
    let table = arguments.words[0]
    let keys = try await server.keys(table)
    var shown: [Item] = []
    var count = 0
    var start: Item?
    repeat {
      let from = start
      let wanted = min(1000, limit - count)
      let tape = try await server.call("Scan", on: table) { writer in
        writer.member("Limit", wanted)
        if let index = arguments.value("index") { writer.member("IndexName", index) }
        if let from {
          writer.name("ExclusiveStartKey")
          writer.item(from)
        }
      }
      for node in tape.elements(tape.root, "Items") {
        let item = try Item(json: tape, node)
        count += 1
        if isJSON { Console.line(ItemText.json(item)) } else { shown.append(item) }
      }
      start = try tape.member(tape.root, "LastEvaluatedKey").map { try Item(json: tape, $0) }
    } while start != nil && count < limit
    guard !isJSON else { return }
    guard !shown.isEmpty else { return Console.line("no items") }
    let first = keys.map(\.name)
    let others = shown.reduce(into: Set<String>()) { $0.formUnion($1.names) }.subtracting(first).sorted(by: Text.less)
    Console.line(
      Console.table(
        (first + others).map(ItemText.escaped),
        shown.map { item in (first + others).map { name in item[name].map { ItemText.cut(ItemText.cell($0), 60) } ?? "" } }))
    if start != nil { Console.note("there are more: --limit shows further ones") }
  }
}

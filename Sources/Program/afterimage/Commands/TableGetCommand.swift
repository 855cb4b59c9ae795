internal import Arguments
internal import DynamoModel

/// `afterimage table get TABLE NAME=VALUE...`
enum TableGetCommand {
  static let command = Command(
    "get", about: "Show one item.",
    notes:
      "The key as the table has it: afterimage table get Chat PK=User:ana SK=Join:Music\nExit code 1 when there is no such item.",
    positionals: [TableCommand.table, .init("NAME=VALUE", "The key's attributes.", count: .many)],
    options: [Commands.endpoint, Commands.authorities, Commands.output]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let server = TableServer(arguments)
    let keys = try await server.keys(arguments.words[0])
    let key = try ItemText.key(Array(arguments.words.dropFirst()), keys, command: arguments.command)
    let tape = try await server.call("GetItem", on: arguments.words[0]) { writer in
      writer.member("ConsistentRead", true)
      writer.name("Key")
      writer.item(key)
    }
    guard let found = tape.member(tape.root, "Item"), let item = try? Item(json: tape, found) else {
      throw CommandError("there is no such item in \(arguments.words[0])")
    }
    if isJSON { return Console.line(ItemText.json(item)) }
    let width = item.names.map(\.count).max() ?? 0
    for entry in item.entries {
      let name = ItemText.escaped(entry.name)
      Console.line("\(name)\(String(repeating: " ", count: max(0, width - name.count)))  \(ItemText.cell(entry.value))")
    }
  }
}

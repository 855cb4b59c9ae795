internal import Arguments
internal import DynamoModel

/// `afterimage table put TABLE NAME=VALUE...`
enum TablePutCommand {
  static let command = Command(
    "put", about: "Write one item, in place of the one that has its key.",
    notes: """
      afterimage table put Chat PK=User:ana SK=Join:Music Level:N=5 Muted:BOOL=false
      Types: S (string, if none is given), N (number), B (base64), BOOL. --json takes any item, as DynamoDB JSON.
      Prints the record's position, which --at-least of `query` takes; nothing when the item was already like that.
      """,
    positionals: [TableCommand.table, .init("NAME=VALUE", "The attributes.", count: .many)],
    options: [
      .init("json", value: "ITEM", #"The item as DynamoDB JSON: {"PK":{"S":"a"}}."#),
      .init("time", value: "TIME", "The commit time, for a table with a history clock: ISO 8601 or milliseconds."),
      Commands.endpoint, Commands.authorities, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let server = TableServer(arguments)
    let table = arguments.words[0]
    var item = Item()
    if let text = arguments.value("json") {
      do {
        let tape = try JSONTape(Array(text.utf8))
        item = try Item(json: tape, tape.root)
      } catch let error as DynamoError {
        throw UsageError("--json is not an item: \(error.message)", command: arguments.command)
      } catch {
        throw UsageError("--json is not JSON: \(error)", command: arguments.command)
      }
    }
    let words = Array(arguments.words.dropFirst())
    guard !words.isEmpty || arguments.has("json") else {
      throw UsageError("the item is missing: NAME=VALUE for each attribute, or --json", command: arguments.command)
    }
    let keys = try await server.keys(table)
    for entry in try ItemText.item(words, types: keys, command: arguments.command).entries { item[entry.name] = entry.value }
    let position = try await server.put(item, table, time: arguments.value("time"))
    if isJSON {
      Console.line(position.map { #"{"position":"\#($0)"}"# } ?? #"{"position":null}"#)
    } else {
      Console.line(position.map { "position \($0)" } ?? "the item was already like that")
    }
  }
}

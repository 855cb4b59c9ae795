internal import Arguments
internal import DynamoModel

/// `afterimage table delete TABLE`
enum TableDeleteCommand {
  static let command = Command(
    "delete", about: "Delete a table with all its items and its log.",
    notes: "Read models that follow the table see that it ended. This cannot be undone.", positionals: [TableCommand.table],
    options: [Commands.endpoint, Commands.authorities, Commands.output]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let tape = try await TableServer(arguments).call("DeleteTable", on: arguments.words[0])
    Console.line(isJSON ? tape.text(tape.root) : "deleted table \(arguments.words[0])")
  }
}

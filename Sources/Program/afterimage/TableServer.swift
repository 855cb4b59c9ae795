internal import Arguments
internal import DynamoClient
internal import DynamoModel

/// A running table server, as the commands speak with it: its refusals become sentences for people.
struct TableServer {
  let client: DynamoClient

  init(_ arguments: ParsedArguments, timeoutSeconds: Double = DynamoClient.timeoutSeconds) {
    client = DynamoClient(
      endpoint: arguments.value("endpoint") ?? "", attemptsMax: 1, timeoutSeconds: timeoutSeconds,
      authorities: Commands.authorities(arguments))
  }

  /// Calls an operation; `table` is the one that the call is about.
  func call(
    _ operation: String, table: String? = nil, _ write: (inout JSONWriter) -> Void = { _ in }
  ) async throws -> JSONTape {
    do {
      return try await client.call(operation, write).body
    } catch let error as ClientError {
      throw await TableServer.explained(error, table: table, client)
    }
  }

  /// An operation on one table, given by its name.
  func call(_ operation: String, on table: String, _ write: (inout JSONWriter) -> Void = { _ in }) async throws -> JSONTape {
    try await call(operation, table: table) { writer in
      writer.member("TableName", table)
      write(&writer)
    }
  }

  static func explained(_ error: ClientError, table: String?, _ client: DynamoClient) async -> CommandError {
    if error.code == "NoConnection" {
      return CommandError(
        "the table server at \(client.endpoint) does not answer: start it with `afterimage dev`, or name another with --endpoint URL"
      )
    }
    if error.code == "NotTrusted" { return CommandError("\(error.message) with --tls-ca FILE") }
    if error.code == "ResourceNotFoundException", let table, error.message.hasPrefix("Requested resource not found") {
      let names =
        (try? await client.call("ListTables") { _ in })
        .flatMap { answer in answer.body.member(answer.body.root, "TableNames").map { answer.body.strings($0) } } ?? []
      let there = names.isEmpty ? "there are none" : "there are: \(names.joined(separator: ", "))"
      return CommandError("there is no table \(table); \(there)")
    }
    return CommandError("\(error.code): \(error.message)")
  }

  /// The key attributes of a table with their types (S, N, B), the partition's first.
  func keys(_ table: String) async throws -> [(name: String, type: String)] {
    let tape = try await call("DescribeTable", on: table)
    guard let described = tape.member(tape.root, "Table") else {
      throw CommandError("the server's answer to DescribeTable has no Table")
    }
    var types: [(name: String, type: String)] = []
    for element in tape.elements(described, "AttributeDefinitions") {
      types.append((tape.text(element, "AttributeName"), tape.text(element, "AttributeType")))
    }
    return tape.elements(described, "KeySchema").map { element in
      let name = tape.text(element, "AttributeName")
      return (name, types.first { Text.equal($0.name, name) }?.type ?? "S")
    }
  }
}

extension JSONTape {
  /// The elements of a member that is an array.
  func elements(_ object: Int, _ name: String) -> [Int] {
    var found: [Int] = []
    if let array = member(object, name), kind(array) == .array { forEachElement(array) { found.append($0) } }
    return found
  }

  /// The text of a member: a string's content, anything else as JSON; empty when it is missing.
  func text(_ object: Int, _ name: String) -> String {
    guard let value = member(object, name) else { return "" }
    return isString(value) ? string(value) : text(value)
  }

  func strings(_ array: Int) -> [String] {
    var found: [String] = []
    forEachElement(array) { found.append(string($0)) }
    return found
  }
}

extension TableServer {
  /// Writes an item; the position of its record, nil when there is none.
  fileprivate func put(_ item: Item, table: String, headers: [String: String]) async throws -> String? {
    do {
      return try await client.call("PutItem", headers: headers) { writer in
        writer.member("TableName", table)
        writer.name("Item")
        writer.item(item)
      }.headers["x-afterimage-position"]
    } catch let error as ClientError {
      throw await TableServer.explained(error, table: table, client)
    }
  }

  func put(_ item: Item, _ table: String, time: String?) async throws -> String? {
    try await put(item, table: table, headers: time.map { ["x-afterimage-time": $0] } ?? [:])
  }
}

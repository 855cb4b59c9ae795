internal import ChangeRecords
internal import Crypto
internal import DynamoClient
internal import DynamoModel
internal import Pipelines
internal import Workers

/// Carries effects on tables out: deletions through the table server's internal operation, writes as transactions of the DynamoDB protocol.
struct TableEffects: Sendable {
  let client: DynamoClient

  func deleteItem(table: String, key: Item, seen: Item, seenThrough: Position) async throws -> Bool {
    let answer = try await client.call("Afterimage_20261121.ExpireItem") { writer in
      writer.member("TableName", table)
      writer.name("Key")
      writer.item(key)
      if !seen.isEmpty {
        writer.name("Seen")
        writer.item(seen)
      }
      writer.member("SeenThrough", seenThrough.description)
    }
    return answer.body.member(answer.body.root, "Expired").flatMap { answer.body.bool($0) } ?? false
  }

  /// A write as a transaction of one action, under a token made of the idempotency key: a server takes it once in ten minutes.
  func put(
    _ item: Item, in table: String, when condition: ResolvedAction.WriteCondition?, idempotencyKey: String
  ) async throws -> String {
    try await write("Put", in: table, when: condition, idempotencyKey: idempotencyKey) { writer in
      writer.name("Item")
      writer.item(item)
      if let condition { TableEffects.writeCondition(condition, names: [:], values: Item(), to: &writer) }
    }
  }

  /// The same of attributes of an item that are set or removed.
  func update(
    _ key: Item, in table: String, set: Item, remove: [String], when condition: ResolvedAction.WriteCondition?,
    idempotencyKey: String
  ) async throws -> String {
    var names: [String: String] = [:]
    var values = Item()
    var sets: [String] = []
    for (place, entry) in set.entries.enumerated() {
      // Placeholders of conditions begin with letters, or with `0l`.
      names["#0s\(place)"] = entry.name
      values[":0s\(place)"] = entry.value
      sets.append("#0s\(place) = :0s\(place)")
    }
    for (place, name) in remove.enumerated() { names["#0r\(place)"] = name }
    let removes = remove.indices.map { "#0r\($0)" }
    let parts = [
      sets.isEmpty ? nil : "SET \(sets.joined(separator: ", "))",
      removes.isEmpty ? nil : "REMOVE \(removes.joined(separator: ", "))",
    ]
    return try await write("Update", in: table, when: condition, idempotencyKey: idempotencyKey) { writer in
      writer.name("Key")
      writer.item(key)
      writer.member("UpdateExpression", parts.compactMap { $0 }.joined(separator: " "))
      TableEffects.writeCondition(condition, names: names, values: values, to: &writer)
    }
  }

  private func write(
    _ kind: String, in table: String, when condition: ResolvedAction.WriteCondition?, idempotencyKey: String,
    _ body: (inout JSONWriter) -> Void
  ) async throws -> String {
    do {
      _ = try await client.call("TransactWriteItems") { writer in
        writer.member("ClientRequestToken", TableEffects.token(idempotencyKey))
        writer.name("TransactItems")
        writer.beginArray()
        writer.beginObject()
        writer.name(text: kind)
        writer.beginObject()
        writer.member("TableName", table)
        body(&writer)
        writer.endObject()
        writer.endObject()
        writer.endArray()
      }
      return "written"
    } catch let error as ClientError where condition != nil && TableEffects.isFailedCondition(error) {
      return "the condition does not hold"
    }
  }

  /// A transaction of one action is cancelled for one reason, which its text names.
  private static func isFailedCondition(_ error: ClientError) -> Bool {
    error.code == "TransactionCanceledException" && error.message.contains("[ConditionalCheckFailed]")
  }

  /// Of at most 36 characters, as the protocol has it.
  static func token(_ idempotencyKey: String) -> String {
    String(Hashing.hexadecimal(Hashing.sha256(Array(idempotencyKey.utf8))).prefix(36))
  }

  private static func writeCondition(
    _ condition: ResolvedAction.WriteCondition?, names: [String: String], values: Item, to writer: inout JSONWriter
  ) {
    let names = names.merging(condition?.names ?? [:]) { own, _ in own }
    var values = values
    for entry in condition?.values.entries ?? [] { values[entry.name] = entry.value }
    if let condition { writer.member("ConditionExpression", condition.text) }
    if !names.isEmpty {
      writer.name("ExpressionAttributeNames")
      writer.beginObject()
      for (placeholder, name) in names.sorted(by: { $0.key < $1.key }) { writer.member(named: placeholder, name) }
      writer.endObject()
    }
    if !values.isEmpty {
      writer.name("ExpressionAttributeValues")
      writer.item(values)
    }
  }
}

internal import ChangeRecords
internal import DynamoClient
internal import DynamoModel
internal import Workers

/// Carries effects out through the table server's internal operation.
struct TableEffects: EffectSink {
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
}

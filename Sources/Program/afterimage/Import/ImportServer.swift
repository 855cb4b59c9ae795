internal import ChangeRecords
internal import DynamoClient
internal import DynamoModel

/// The table server, as an import speaks with it.
struct ImportServer: Sendable {
  /// How long a batch is sent again while the server does not answer or cannot take it yet: a restart takes seconds.
  static let patience = Duration.seconds(60)
  private static let target = "Afterimage_20261121.ImportItems"

  let client: DynamoClient
  let table: String
  let name: String
  var patience = ImportServer.patience

  /// How far the import got.
  struct Standing: Sendable {
    let tableID: String
    /// Whether the table has a history clock.
    let isHistory: Bool
    let batch: Int
    let rows: Int
    let lifted: Int
    let fingerprint: ImportFingerprint
  }

  /// `forgetting`: as of now it has not begun.
  func standing(forgetting: Bool) async throws -> Standing {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("TableName", table)
    writer.member("Import", name)
    if forgetting { writer.member("Forget", true) }
    writer.endObject()
    do {
      return try ImportServer.standing(try await client.call(ImportServer.target, body: writer.bytes).body)
    } catch let error as ClientError {
      if error.code == "UnknownOperationException" {
        throw ImportError(
          "the server at \(client.endpoint) has no ImportItems: files are imported into the tables of afterimage only")
      }
      throw await TableServer.explained(error, table: table, client)
    }
  }

  /// Has a batch applied. Sent again after whatever may pass: the server applies it once. Throws ClientError.
  func apply(_ batch: ImportBatch) async throws -> Standing {
    let body = batch.body
    let clock = ContinuousClock()
    let end = clock.now + patience
    var pause = Duration.milliseconds(50)
    while true {
      do {
        return try ImportServer.standing(try await client.call(ImportServer.target, body: body).body)
      } catch let error as ClientError where error.isPassing || error.code == "ImportOutOfStepException" {
        guard clock.now < end else { throw error }
      }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(1))
    }
  }

  private static func standing(_ tape: JSONTape) throws -> Standing {
    func number(_ name: String) -> Int? { tape.member(tape.root, name).flatMap { Int(tape.text($0)) } }
    guard let batch = number("Batch"), let rows = number("Rows"), let lifted = number("Lifted"),
      let fingerprint = ImportFingerprint(tape.text(tape.root, "Fingerprint"))
    else { throw ImportError("the server's answer to ImportItems is not one") }
    return Standing(
      tableID: tape.text(tape.root, "TableId"), isHistory: tape.text(tape.root, "Clock") == "history", batch: batch, rows: rows,
      lifted: lifted, fingerprint: fingerprint)
  }
}

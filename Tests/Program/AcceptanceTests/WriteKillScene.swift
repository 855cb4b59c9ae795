import ChangeLog
import ChangeRecords
import DynamoClient
import DynamoModel
import Foundation
import ServedLog
import Synchronization
import Testing

/// A table with a global and a local index and TTL, writers of every kind, and the answers they got: for kill tests of the table server.
///
/// Every write brings a text of its own in the attribute `w`, so that its record is known in the log.
final class WriteKillScene: Sendable {
  static let table = "Kept"
  static let partitions = 3
  static let writers = 6

  /// What an acknowledged write must have left at its position.
  enum Left: Sendable {
    case image(w: String)
    case removal
  }

  private struct State {
    var acknowledged: [(position: Position, left: Left)] = []
    /// By the text that its items bring: how many records a transaction must have left, all or none.
    var transactions: [String: Int] = [:]
    var total = 0
    /// The import's batches: the text that each brings, and how many records it must leave, once, however often it was sent.
    var batches: [(w: String, rows: [Item], isAcknowledged: Bool)] = []
    /// By such a text: the records that were found.
    var imported: [String: Int] = [:]
    var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
  }

  private let state = Mutex(State())
  private let cursors = Mutex<[LogCursor]>([])
  let run = String(UInt32.random(in: 0...UInt32.max), radix: 36)

  // MARK: Writing

  static func create(_ client: DynamoClient) async throws {
    func key(_ writer: inout JSONWriter, _ names: [String]) {
      writer.name("KeySchema")
      writer.array(Array(zip(names, ["HASH", "RANGE"]))) { writer, pair in
        writer.beginObject()
        writer.member("AttributeName", pair.0)
        writer.member("KeyType", pair.1)
        writer.endObject()
      }
    }
    func index(_ writer: inout JSONWriter, _ name: String, _ names: [String], _ projection: String) {
      writer.beginObject()
      writer.member("IndexName", name)
      key(&writer, names)
      writer.member("Projection", raw: Array(#"{"ProjectionType":"\#(projection)"}"#.utf8))
      writer.endObject()
    }
    _ = try await client.call("CreateTable") { writer in
      writer.member("TableName", table)
      writer.member("BillingMode", "PAY_PER_REQUEST")
      key(&writer, ["pk", "sk"])
      writer.name("AttributeDefinitions")
      writer.array([("pk", "S"), ("sk", "N"), ("group", "S"), ("rank", "N")]) { writer, pair in
        writer.raw(Array(#"{"AttributeName":"\#(pair.0)","AttributeType":"\#(pair.1)"}"#.utf8))
      }
      writer.name("GlobalSecondaryIndexes")
      writer.beginArray()
      index(&writer, "byGroup", ["group", "rank"], "KEYS_ONLY")
      writer.endArray()
      writer.name("LocalSecondaryIndexes")
      writer.beginArray()
      index(&writer, "byRank", ["pk", "rank"], "ALL")
      writer.endArray()
    }
    _ = try await client.call("UpdateTimeToLive") { writer in
      writer.member("TableName", table)
      writer.member("TimeToLiveSpecification", raw: Array(#"{"AttributeName":"gone","Enabled":true}"#.utf8))
    }
  }

  /// Writers until their task is cancelled.
  func write(_ endpoint: String) -> Task<Void, Never> {
    let client = DynamoClient(endpoint: endpoint, attemptsMax: 1)
    let scene = self
    return Task {
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<WriteKillScene.writers { group.addTask { await scene.keepTrying { try await scene.writeOnce(client) } } }
        group.addTask { await scene.keepTrying { try await scene.importOnce(client) } }
      }
    }
  }

  private func keepTrying(_ write: @Sendable () async throws -> Void) async {
    while !Task.isCancelled {
      do {
        try await write()
      } catch let error as ClientError where error.isPassing {
        // The process was killed under the request, which may or may not have been carried out.
        continue
      } catch {
        if !Task.isCancelled { Issue.record("a write was refused: \(error)") }
        return
      }
    }
  }

  private func key() -> Item {
    ["pk": .string("p\(Int.random(in: 0..<12))"), "sk": .number(Number(Int64.random(in: 0..<8)))]
  }

  private func item(_ key: Item, _ w: String) -> Item {
    var item = key
    item["w"] = .string(w)
    if Bool.random() { item["group"] = .string("g\(Int.random(in: 0..<4))") }
    if Bool.random() { item["rank"] = .number(Number(Int64.random(in: 0..<5))) }
    if Int.random(in: 0..<8) == 0 { item["gone"] = .number(Number(Int64(Date().timeIntervalSince1970))) }
    if Int.random(in: 0..<8) == 0 { item["gone"] = .number(Number(4_000_000_000)) }
    return item
  }

  private func writeOnce(_ client: DynamoClient) async throws {
    let w = state.withLock { state in
      state.total += 1
      return "\(run)-\(state.total)"
    }
    switch Int.random(in: 0..<10) {
    case 0..<3:
      try await send(client, "PutItem", [.image(w: w)]) { writer in
        writer.name("Item")
        writer.item(item(key(), w))
      }
    case 3..<5:
      try await send(client, "UpdateItem", [.image(w: w)]) { writer in
        writer.name("Key")
        writer.item(key())
        writer.member("UpdateExpression", "SET w = :w, #r = if_not_exists(#r, :zero) + :one ADD touched :one REMOVE #g")
        writer.member("ExpressionAttributeNames", raw: Array(##"{"#r":"rank","#g":"group"}"##.utf8))
        writer.name("ExpressionAttributeValues")
        writer.item([":w": .string(w), ":one": .number(Number(1)), ":zero": .number(Number(0))])
      }
    case 5:
      try await send(client, "DeleteItem", [.removal]) { writer in
        writer.name("Key")
        writer.item(key())
      }
    case 6..<8: try await transact(client, w)
    default: try await batch(client, w)
    }
  }

  private func transact(_ client: DynamoClient, _ w: String) async throws {
    var keys: [Item] = []
    while keys.count < Int.random(in: 2...6) {
      let key = key()
      if !keys.contains(key) { keys.append(key) }
    }
    let count = keys.count
    state.withLock { $0.transactions[w] = count }
    try await send(client, "TransactWriteItems", keys.map { _ in .image(w: w) }, named: false) { writer in
      writer.name("TransactItems")
      writer.array(keys) { writer, key in
        writer.beginObject()
        writer.name("Put")
        writer.beginObject()
        writer.member("TableName", WriteKillScene.table)
        writer.name("Item")
        writer.item(item(key, w))
        writer.endObject()
        writer.endObject()
      }
    }
  }

  private func batch(_ client: DynamoClient, _ w: String) async throws {
    var keys: [Item] = []
    while keys.count < 4 {
      let key = key()
      if !keys.contains(key) { keys.append(key) }
    }
    try await send(client, "BatchWriteItem", keys.indices.map { .image(w: "\(w).\($0)") }, named: false) { writer in
      writer.name("RequestItems")
      writer.beginObject()
      writer.name(text: WriteKillScene.table)
      writer.array(Array(keys.enumerated())) { writer, pair in
        writer.beginObject()
        writer.name("PutRequest")
        writer.beginObject()
        writer.name("Item")
        writer.item(item(pair.element, "\(w).\(pair.offset)"))
        writer.endObject()
        writer.endObject()
      }
      writer.endObject()
    }
  }

  /// The next batch of an import that goes on through all rounds: one that was not answered is sent again, to a server that was started again too.
  private func importOnce(_ client: DynamoClient) async throws {
    let (number, rows) = state.withLock { state in
      if state.batches.last?.isAcknowledged ?? true {
        let w = "\(run)-import-\(state.batches.count + 1)"
        var keys: [Item] = []
        for _ in 0..<Int.random(in: 1...40) {
          let key = key()
          if !keys.contains(key) { keys.append(key) }
        }
        state.batches.append((w, keys.map { item($0, w) }, false))
      }
      return (state.batches.count, state.batches[state.batches.count - 1].rows)
    }
    let answer = try await client.call("Afterimage_20261121.ImportItems") { writer in
      writer.member("TableName", WriteKillScene.table)
      writer.member("Import", run)
      writer.member("Batch", number)
      writer.name("Rows")
      writer.array(rows) { writer, item in
        writer.beginObject()
        writer.name("Item")
        writer.item(item)
        writer.endObject()
      }
    }
    let positions = (answer.headers["x-afterimage-position"] ?? "").split(separator: ",").compactMap { Position($0) }
    state.withLock { state in
      state.batches[number - 1].isAcknowledged = true
      let w = state.batches[number - 1].w
      state.acknowledged += positions.map { ($0, .image(w: w)) }
    }
  }

  /// Sends a write and notes what it was answered: a position for each of its records. A deletion of nothing leaves none.
  private func send(
    _ client: DynamoClient, _ operation: String, _ left: [Left], named: Bool = true, _ write: (inout JSONWriter) -> Void
  ) async throws {
    let answer = try await client.call(operation) { writer in
      if named { writer.member("TableName", WriteKillScene.table) }
      write(&writer)
    }
    let positions = (answer.headers["x-afterimage-position"] ?? "").split(separator: ",").compactMap { Position($0) }
    if case .removal = left[0], positions.isEmpty { return }
    guard positions.count == left.count else {
      Issue.record("\(operation) of \(left.count) records was answered with \(positions.count) positions")
      return
    }
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.acknowledged += zip(positions, left).map { ($0, $1) }
      guard let waiter = state.waiter, state.acknowledged.count >= waiter.count else { return nil }
      state.waiter = nil
      return waiter.continuation
    }
    waiter?.resume()
  }

  /// Waits for so many more records.
  func more(_ count: Int) async {
    await withCheckedContinuation { continuation in
      state.withLock { $0.waiter = ($0.acknowledged.count + count, continuation) }
    }
  }

  // MARK: Checking

  /// What the server that was started again holds: the log since the last check against the answers that the writers got, then the whole
  /// table against itself. The number of records that were acknowledged.
  func check(_ endpoint: String) async throws -> Int {
    let client = DynamoClient(endpoint: endpoint, timeoutSeconds: 120)
    let log = ServedLog(table: WriteKillScene.table, client: client)
    let description = try await log.describe()
    if cursors.withLock({ $0.isEmpty }) {
      let start = (0..<WriteKillScene.partitions).map { _ in LogCursor(tableID: description.tableID, sequence: .beforeAll) }
      cursors.withLock { $0 = start }
    }
    var found: [Position: (kind: ChangeRecord.Kind, w: String)] = [:]
    var perTransaction: [String: Int] = [:]
    for partition in 0..<WriteKillScene.partitions {
      while true {
        let cursor = cursors.withLock { $0[partition] }
        let batch = try await log.read(partition: partition, after: cursor, limit: .standard, wait: .zero)
        if batch.entries.isEmpty { break }
        for entry in batch.entries {
          let record = try batch.bytes.withUnsafeBytes { raw in
            try StoredRecord.decode(UnsafeRawBufferPointer(rebasing: raw[entry.start..<entry.end]), sequence: entry.sequence)
          }
          var w = ""
          if case .string(let text)? = record.newImage?["w"] { w = text }
          found[Position(tableID: description.tableID, partition: partition, sequence: entry.sequence)] = (record.kind, w)
          if record.newImage != nil { perTransaction[w, default: 0] += 1 }
        }
        cursors.withLock { $0[partition] = batch.end }
      }
    }
    let (acknowledged, transactions) = state.withLock { state in
      defer { (state.acknowledged, state.transactions) = ([], [:]) }
      return (state.acknowledged, state.transactions)
    }
    for (position, left) in acknowledged {
      switch (found[position], left) {
      case (let record?, .image(let w)) where record.w == w: break
      case (let record?, .removal) where record.kind == .remove: break
      case (let other, _):
        Issue.record("an acknowledged write is not at \(position): \(left) was answered, there is \(String(describing: other))")
      }
    }
    checkImport(perTransaction)
    for (w, count) in transactions {
      let kept = perTransaction[w] ?? 0
      #expect(kept == 0 || kept == count, "a transaction of \(count) left \(kept) records")
    }
    let verified = try await Program.run("table", "verify", WriteKillScene.table, "--endpoint", endpoint)
    #expect(verified.status == 0 && verified.output.hasSuffix(": all agree\n"), "\(verified)")
    return acknowledged.count
  }

  /// Every batch that was answered is there once, and one that was not whole or not at all. `found`: by the texts of rows, the records since the
  /// last check.
  private func checkImport(_ found: [String: Int]) {
    let (batches, imported) = state.withLock { state in
      for batch in state.batches { state.imported[batch.w, default: 0] += found[batch.w] ?? 0 }
      return (state.batches, state.imported)
    }
    for batch in batches {
      let kept = imported[batch.w] ?? 0
      #expect(
        kept == batch.rows.count || (kept == 0 && !batch.isAcknowledged),
        "a batch of \(batch.rows.count) rows left \(kept) records")
    }
  }

  /// Batches of the import that were answered.
  var importedBatches: Int { state.withLock { $0.batches.count { $0.isAcknowledged } } }
}

internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Kafka
internal import KafkaLog
internal import Telemetry

/// Writes batches and the companion's record in one transaction.
///
/// In the transaction, in this order: 1. begin; 2. every record of the batches; 3. the companion's record with the state after them;
/// 4. commit, which waits until all are with the brokers. An error anywhere leaves the outcome open: the session ends, and the next one
/// reads in the companion topic what was committed.
struct Publisher: Sendable {
  let table: String
  /// Of the records.
  let topic: String
  let producer: Producer
  let counters: RelayCounters
  let backlog: RelayBacklog
  let partitionKey: String?

  /// Returns the state, now durable and visible.
  func publish(_ batches: [RecordBatch], _ state: RelayState) async throws -> RelayState {
    do {
      try await producer.perform { (producer: isolated Producer) throws in
        try producer.begin()
        let records = try producer.topic(topic)
        for batch in batches { try send(batch, records, producer) }
        try Publisher.send(state, table, producer)
        try producer.commit()
      }
    } catch {
      // Readers of committed messages need not wait for the transaction's timeout. When it fails, they do.
      _ = try? await producer.abort()
      if let error = error as? KafkaError, error.isTooLarge {
        throw RelayError(
          kind: .configuration, table: table,
          message: "the topic \(topic) refuses a record (\(error.text)): set its max.message.bytes to "
            + "\(RelaySettings.messageBytesMax)")
      }
      throw error
    }
    counters.transactions.add()
    counters.records.add(Int64(batches.reduce(0) { $0 + $1.entries.count }))
    backlog.published(state)
    return state
  }

  /// The companion's record, in the transaction that is open.
  static func send(_ state: RelayState, _ table: String, _ producer: isolated Producer) throws {
    try producer.produce(
      try producer.topic(TopicNames.companion(of: table)), partition: 0, key: Array(RelayState.key.description.utf8),
      value: state.json, headers: [RecordHeaders.formatName: "\(RecordHeaders.format)"], timestamp: 0)
  }

  private func send(_ batch: RecordBatch, _ topic: Producer.Topic, _ producer: isolated Producer) throws {
    let tableID = batch.end.tableID
    var reader = RecordJSONReader()
    var value: [UInt8] = []
    for (index, entry) in batch.entries.enumerated() {
      if index % 64 == 0 { try Task.checkCancellation() }
      value.removeAll(keepingCapacity: true)
      // Beside the closure, not in its result: the compiler (6.3.1) fails on a tuple of an optional there.
      var order = CommitOrder.beforeAll
      let key = try batch.bytes.withUnsafeBytes { (raw) throws(RecordError) in
        let bytes = UnsafeRawBufferPointer(rebasing: raw[entry.start..<entry.end])
        switch batch.format {
        case .stored:
          let record = try StoredRecord.decode(bytes, sequence: entry.sequence)
          let position = Position(tableID: tableID, partition: batch.partition, sequence: entry.sequence)
          RecordJSON.append(record, table: table, position: position, to: &value)
          order = record.order
          return messageKey(record)
        case .json:
          value.append(contentsOf: bytes)
          let record = try reader.decode(bytes, sequence: entry.sequence)
          order = record.order
          return messageKey(record)
        }
      }
      try producer.produce(
        topic, partition: batch.partition, key: key, value: value,
        headers: [
          RecordHeaders.formatName: "\(RecordHeaders.format)", RecordHeaders.tableIDName: tableID.description,
          RecordHeaders.positionName: "\(batch.partition):\(entry.sequence)", RecordHeaders.orderName: "\(order)",
        ], timestamp: entry.time.rawValue)
    }
  }

  /// The item's partition key: a string as it is, another type as DynamoDB JSON; nil for the end of a table, which has no item.
  private func messageKey(_ record: ChangeRecord) -> [UInt8]? {
    if record.keys.isEmpty { return nil }
    switch partitionKey.flatMap({ record.keys[$0] }) {
    case .string(let text): return Array(text.utf8)
    case let value?:
      var writer = JSONWriter()
      writer.attribute(value)
      return writer.bytes
    case nil:
      var writer = JSONWriter()
      writer.item(record.keys)
      return writer.bytes
    }
  }
}

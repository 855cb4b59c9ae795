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
  /// The relay's own topic.
  let companion: String
  let rights: BrokerRights
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
        try Publisher.send(state, to: companion, producer)
        try producer.commit()
      }
    } catch {
      // Readers of committed messages need not wait for the transaction's timeout. When it fails, they do.
      _ = try? await producer.abort()
      if let error = error as? KafkaError {
        if error.isTooLarge {
          throw refused(
            "the topic \(topic) refuses a record (\(error.text)): ask the brokers' owner to set its max.message.bytes to "
              + "\(RelaySettings.messageBytesMax)")
        }
        if error.isDenied { throw refused(rights.sentence(.write(topic: topic))) }
      }
      throw error
    }
    counters.transactions.add()
    counters.records.add(Int64(batches.reduce(0) { $0 + $1.entries.count }))
    backlog.published(state)
    return state
  }

  private func refused(_ message: String) -> RelayError { RelayError(kind: .refused, table: table, message: message) }

  /// The companion's record, in the transaction that is open.
  static func send(_ state: RelayState, to companion: String, _ producer: isolated Producer) throws {
    try producer.produce(
      try producer.topic(companion), partition: 0, key: Array(RelayState.key.description.utf8),
      value: state.json, headers: [RecordHeaders.formatName: "\(RecordHeaders.format)"], timestamp: 0)
  }

  private func send(_ batch: RecordBatch, _ topic: Producer.Topic, _ producer: isolated Producer) throws {
    let tableID = batch.end.tableID
    var reader = RecordJSONReader()
    var value: [UInt8] = []
    var headers = MessageHeaders()
    for (index, entry) in batch.entries.enumerated() {
      if index % 64 == 0 { try Task.checkCancellation() }
      value.removeAll(keepingCapacity: true)
      // Beside the closure, not in its result: the compiler (6.3.1) fails on a tuple of an optional there.
      var order = CommitOrder.beforeAll
      let key = try batch.bytes.withUnsafeBytes { (raw) throws(RecordError) in
        let bytes = UnsafeRawBufferPointer(rebasing: raw[entry.start..<entry.end])
        switch batch.format {
        case .stored:
          let parts = try StoredRecord.parts(bytes)
          let position = Position(tableID: tableID, partition: batch.partition, sequence: entry.sequence)
          try RecordJSON.append(stored: bytes, table: table, position: position, to: &value)
          order = parts.order
          guard let keys = Item(binary: parts.keys) else { throw RecordError("the stored record's keys do not decode") }
          return messageKey(keys)
        case .json:
          value.append(contentsOf: bytes)
          let record = try reader.decode(bytes, sequence: entry.sequence)
          order = record.order
          return messageKey(record.keys)
        }
      }
      headers.removeAll()
      headers.append(RecordHeaders.formatName) { Digits.append(UInt64(RecordHeaders.format), to: &$0) }
      headers.append(RecordHeaders.tableIDName) { Digits.append(hexadecimal: tableID.rawValue, to: &$0) }
      headers.append(RecordHeaders.positionName) { bytes in
        Digits.append(UInt64(batch.partition), to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Digits.append(entry.sequence.rawValue, to: &bytes)
      }
      headers.append(RecordHeaders.orderName) { Digits.append(order.rawValue, to: &$0) }
      try producer.produce(
        topic, partition: batch.partition, key: key, value: value, headers: headers, timestamp: entry.time.rawValue)
    }
  }

  /// The item's partition key: a string as it is, another type as DynamoDB JSON; nil for the end of a table, which has no item.
  private func messageKey(_ keys: Item) -> [UInt8]? {
    if keys.isEmpty { return nil }
    switch partitionKey.flatMap({ keys[$0] }) {
    case .string(let text): return Array(text.utf8)
    case let value?:
      var writer = JSONWriter()
      writer.attribute(value)
      return writer.bytes
    case nil:
      var writer = JSONWriter()
      writer.item(keys)
      return writer.bytes
    }
  }
}

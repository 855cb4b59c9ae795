package import ChangeLog
package import ChangeRecords
package import Kafka
internal import Services
internal import Synchronization

/// A table's change log on a Kafka topic, as a relay publishes it.
///
/// Topic partition i is table partition i; the value of a message is the record's JSON, its timestamp the commit time. Watermark and
/// partitions come from the companion topic. The cursor alone says where to read: its hint is the offset after the last record, and
/// when that is wrong or unknown the record is looked for by its sequence. So a reader goes on when the records are published again in
/// another topic: the companion names it, and a reader that is ahead of it waits.
///
/// A partition may be read from several cursors at once (a generation that is being built beside the current one): each such reader has a
/// stream of its own, kept for the next call with the cursor at which it stands.
package final class KafkaLog: ChangeLog {
  package let table: String
  private let names: TopicNames
  private let configuration: KafkaConfiguration
  private let log: KafkaLogSink
  /// Has no stream of records: it reads the relay's topic, and asks.
  private let asking: Consumer
  private let companion: CompanionReader
  private let readers = Mutex(Readers())
  private let retention = Mutex(KnownRetention())

  /// Readers of one partition at once.
  package static let readersMax = 8
  /// A reader that no one has come back to in this time gives its place when another is wanted, and is closed after six times that.
  private static let readerIdleMax = Duration.seconds(10)

  /// The streams that stand ready, the oldest first, the slots in use, and the consumer of each slot.
  private struct Readers {
    var consumers: [Consumer] = []
    var idle: [PartitionReader] = []
    var busy: [Int: Set<Int>] = [:]
  }

  /// How long a topic keeps its records, as of the last time that the brokers were asked.
  private struct KnownRetention {
    var topic = ""
    var milliseconds: Int64?
    var askedAt = ContinuousClock.now
  }

  /// A topic's retention is asked for again after this time: operators change it.
  private static let retentionAge = Duration.seconds(60)

  /// Throws for a setting that librdkafka refuses; no broker is asked yet.
  package init(
    table: String, names: TopicNames = TopicNames(), configuration: KafkaConfiguration, log: @escaping KafkaLogSink
  ) throws(KafkaError) {
    self.table = table
    self.names = names
    self.configuration = configuration
    self.log = log
    let consumer = try Consumer(configuration, log: log)
    asking = consumer
    companion = CompanionReader(table: table, names: names, consumer: consumer)
  }

  package func describe() async throws(LogError) -> LogDescription {
    let state = try await state(fresh: true)
    try await checkPartitions(state)
    return LogDescription(
      tableID: state.tableID, partitions: state.partitions.count, publication: state.publication,
      retention: await retention(of: topic(state)))
  }

  /// Nil forever, and where the brokers do not say.
  private func retention(of topic: String) async -> Int64? {
    let known = retention.withLock { $0 }
    if known.topic == topic, ContinuousClock.now - known.askedAt < KafkaLog.retentionAge { return known.milliseconds }
    let setting = try? await asking.setting("retention.ms", of: topic)
    let milliseconds = setting.flatMap { Int64($0) }.flatMap { $0 < 0 ? nil : $0 }
    retention.withLock { $0 = KnownRetention(topic: topic, milliseconds: milliseconds) }
    return milliseconds
  }

  package func read(
    partition: Int, after cursor: LogCursor, limit: ReadLimit, wait: Duration
  ) async throws(LogError) -> RecordBatch {
    var reader = try await claim(partition, cursor, topic(try await state()))
    var batch = RecordBatch(partition: partition, format: .json, end: cursor, watermark: .zero)
    do throws(LogError) {
      try await fill(&batch, from: &reader, limit, wait)
      try await finish(&batch, reader)
    } catch {
      await drop(reader)
      throw error
    }
    await giveBack(reader)
    return batch
  }

  /// A transaction may be visible in the relay's topic a moment before it is in that of the records; a place that hides records longer is a wrong one.
  private static let missingMax = Duration.seconds(1)

  /// Whether records are published that are not after the place where the cursor said: one of an earlier topic may be the end of this one.
  private func hidesRecords(_ reader: inout PartitionReader) async throws(LogError) -> Bool {
    guard reader.isAtEnd, !reader.isLocated else { return false }
    let state = try await state()
    guard state.tableID == reader.cursor.tableID, reader.topic == topic(state), reader.partition < state.partitions.count,
      state.partitions[reader.partition].sequence > reader.cursor.sequence
    else {
      reader.missingSince = nil
      return false
    }
    let since = reader.missingSince ?? .now
    reader.missingSince = since
    return .now - since >= KafkaLog.missingMax
  }

  /// Reads until there is something to give, or the wait is over. A record that cannot be read ends a batch with records; the next
  /// call begins with it and throws.
  private func fill(
    _ batch: inout RecordBatch, from reader: inout PartitionReader, _ limit: ReadLimit, _ wait: Duration
  ) async throws(LogError) {
    let deadline = ContinuousClock.now + wait
    while true {
      let ticket = reader.stream.arrivals.ticket
      let stop = reader.collect(into: &batch, limit)
      let hasSomething = !batch.entries.isEmpty || !batch.foreign.isEmpty
      switch stop {
      case .limit: return
      case .empty:
        if hasSomething { return }
        if try await hidesRecords(&reader) {
          try await restart(&reader, at: try await locate(reader.partition, reader.cursor))
          reader.isLocated = true
          continue
        }
      case .failure(let error):
        guard hasSomething else { throw error }
        return try await restart(&reader, at: batch.end.hint)
      case .lost(let reason):
        if hasSomething { return try await restart(&reader, at: batch.end.hint) }
        guard !reader.isLocated else { throw self.error(.corrupt, reader.partition, reason) }
        try await restart(&reader, at: try await locate(reader.partition, reader.cursor))
        reader.isLocated = true
        continue
      }
      let remaining = deadline - ContinuousClock.now
      if remaining <= .zero || Task.isCancelled { return }
      await reader.stream.arrivals.wait(since: ticket, timeout: min(remaining, KafkaLog.missingMax))
    }
  }

  /// Puts watermark and distance from the end into a batch.
  private func finish(_ batch: inout RecordBatch, _ reader: PartitionReader) async throws(LogError) {
    let state = try await state()
    batch.watermark = reader.time
    batch.place = reader.place
    // The next call reads on in the topic that the relay names now.
    if reader.topic != topic(state), batch.entries.isEmpty, batch.foreign.isEmpty {
      throw error(.retry, batch.partition, "the table is being published again: reading goes on in the topic \(topic(state))")
    }
    guard state.tableID == batch.end.tableID else {
      if batch.entries.isEmpty, batch.foreign.isEmpty, reader.isAtEnd {
        throw error(
          .recreated, batch.partition,
          "the table was re-created with the table id \(state.tableID), this reader belongs to \(batch.end.tableID)")
      }
      batch.behind = 1
      return
    }
    guard batch.partition < state.partitions.count else { return }
    let relayed = state.partitions[batch.partition]
    if batch.end.sequence >= relayed.sequence {
      batch.watermark = max(batch.watermark, relayed.watermark)
    }
    let last = max(relayed.sequence, relayed.promised)
    if last > batch.end.sequence { batch.behind = last.records(after: batch.end.sequence) }
    if batch.entries.isEmpty, batch.foreign.isEmpty, consumer(reader.slot).brokersAreDown { try await checkBrokers(reader) }
  }

  package func bounds(partition: Int) async throws(LogError) -> LogBounds {
    let state = try await state(fresh: true)
    let last = try relayed(state, partition).sequence
    let locator = try locator(partition, topic(state))
    guard let first = try await locator.look(Consumer.beginning).record else {
      return LogBounds(first: last.next, last: last)
    }
    // After records of an older table id those of this one are all there, from 1 on.
    guard first.headers.tableID == state.tableID else { return LogBounds(first: .first, last: last) }
    return LogBounds(first: first.headers.sequence, last: max(last, first.headers.sequence.previous))
  }

  /// As the relay says: one request at the most.
  package func ends(areFresh: Bool) async throws(LogError) -> [LogEnd] {
    try await state(fresh: areFresh).partitions.map { LogEnd(sequence: $0.sequence, watermark: $0.watermark) }
  }

  /// The topic that holds the records now: another one once the table is published again.
  package func recordsTopic() async throws(LogError) -> String { topic(try await state()) }

  package func cursor(partition: Int, time: LogTime) async throws(LogError) -> LogCursor {
    // Asked before the search: a record that is published meanwhile must not be jumped over.
    let state = try await state(fresh: true)
    let relayed = try relayed(state, partition)
    let locator = try locator(partition, topic(state))
    let low = try await locator.look(Consumer.beginning).offset
    let found = try await locator.search(from: low, to: try await locator.look(Consumer.end).offset) { found in
      found.headers.tableID == state.tableID && found.time >= time
    }
    guard let found else { return LogCursor(tableID: state.tableID, sequence: relayed.sequence) }
    return LogCursor(tableID: state.tableID, sequence: found.headers.sequence.previous, hint: found.offset)
  }
}

// MARK: - Readers

extension KafkaLog {
  /// The reader that stands at the cursor, or one that is put there.
  private func claim(_ partition: Int, _ cursor: LogCursor, _ topic: String) async throws(LogError) -> PartitionReader {
    enum Claim {
      case ready(PartitionReader)
      case slot(Int)
      case full
    }
    await dropAll { $0.partition == partition && $0.topic != topic }
    let claim: Claim = readers.withLock { readers in
      if let index = readers.idle.firstIndex(where: { $0.partition == partition && $0.cursor == cursor }) {
        let reader = readers.idle.remove(at: index)
        readers.busy[partition, default: []].insert(reader.slot)
        return .ready(reader)
      }
      let idle = Set(readers.idle.filter { $0.partition == partition }.map(\.slot))
      let busy = readers.busy[partition, default: []]
      var slot = (0..<KafkaLog.readersMax).first { !idle.contains($0) && !busy.contains($0) }
      // A slot beyond the existing consumers costs a connection: better take the place of a reader that no one has come back to.
      let forgotten = ContinuousClock.now - KafkaLog.readerIdleMax
      if slot ?? .max >= readers.consumers.count,
        let index = readers.idle.firstIndex(where: { $0.partition == partition && (slot == nil || $0.usedAt < forgotten) })
      {
        slot = readers.idle.remove(at: index).slot
      }
      guard let slot else { return .full }
      readers.busy[partition, default: []].insert(slot)
      return .slot(slot)
    }
    switch claim {
    case .ready(let reader): return reader
    case .full: throw error(.retry, partition, "the partition is read from \(KafkaLog.readersMax) places already")
    case .slot(let slot):
      do throws(LogError) {
        return try await open(partition, cursor, slot)
      } catch {
        release(partition, slot)
        throw error
      }
    }
  }

  private func open(_ partition: Int, _ cursor: LogCursor, _ slot: Int) async throws(LogError) -> PartitionReader {
    let state = try await state()
    let topic = topic(state)
    try await checkPartitions(state)
    _ = try relayed(state, partition)
    if cursor.hint == 0, cursor.tableID != state.tableID {
      throw error(
        .recreated, partition,
        "the table was re-created with the table id \(state.tableID), this reader belongs to \(cursor.tableID)")
    }
    let offset = cursor.hint > 0 ? cursor.hint : try await locate(partition, cursor)
    do throws(KafkaError) {
      let stream = try await Fetch(
        try consumer(making: slot, partitions: state.partitions.count), topic: topic, partition: partition, offset: offset)
      var reader = PartitionReader(
        table: table, topic: topic, partition: partition, rights: rights, slot: slot, stream: stream, cursor: cursor)
      reader.isLocated = cursor.hint == 0
      return reader
    } catch {
      throw rights.failure(error, of: table, partition: partition, topic: topic, message: error.text)
    }
  }

  private func restart(_ reader: inout PartitionReader, at offset: Int64) async throws(LogError) {
    do throws(KafkaError) {
      reader.stream = try await Fetch(
        consumer(reader.slot), topic: reader.topic, partition: reader.partition, offset: offset)
      reader.isAtEnd = false
      reader.isLocated = false
      reader.missingSince = nil
    } catch {
      throw rights.failure(error, of: table, partition: reader.partition, topic: reader.topic, message: error.text)
    }
  }

  private func giveBack(_ reader: PartitionReader) async {
    var reader = reader
    let now = ContinuousClock.now
    reader.usedAt = now
    readers.withLock { [reader] readers in
      readers.busy[reader.partition]?.remove(reader.slot)
      readers.idle.append(reader)
    }
    let limit = now - KafkaLog.readerIdleMax * 6
    await dropAll { $0.usedAt < limit }
  }

  /// Closes readers that nobody uses now.
  private func dropAll(where isWanted: (PartitionReader) -> Bool) async {
    let dropped = readers.withLock { readers in
      let dropped = readers.idle.filter(isWanted)
      guard !dropped.isEmpty else { return dropped }
      readers.idle.removeAll(where: isWanted)
      // Busy until they are closed, so that nobody opens their slots meanwhile.
      for reader in dropped { readers.busy[reader.partition, default: []].insert(reader.slot) }
      return dropped
    }
    for reader in dropped { await drop(reader) }
  }

  private func drop(_ reader: PartitionReader) async {
    await consumer(reader.slot).close(reader.stream.stream)
    release(reader.partition, reader.slot)
  }

  private func release(_ partition: Int, _ slot: Int) {
    readers.withLock { _ = $0.busy[partition]?.remove(slot) }
  }

  private func consumer(_ slot: Int) -> Consumer { readers.withLock { $0.consumers[slot] } }

  private func consumer(making slot: Int, partitions: Int) throws(KafkaError) -> Consumer {
    let made = readers.withLock { $0.consumers.count }
    if slot >= made {
      var more: [Consumer] = []
      for _ in made...slot { more.append(try Consumer(configuration, partitions: partitions, log: log)) }
      readers.withLock { if slot >= $0.consumers.count { $0.consumers += more } }
    }
    return consumer(slot)
  }
}

// MARK: - Questions

extension KafkaLog {
  private func topic(_ state: RelayState) -> String { names.records(of: table, publication: state.publication) }

  private var rights: BrokerRights { BrokerRights(names) }

  /// The command that has the table published again.
  private var republishing: String {
    "afterimage relay republish \(table) --kafka \(configuration.bootstrap)\(names.namespace.option)"
  }

  private func state(fresh: Bool = false) async throws(LogError) -> RelayState {
    guard let state = fresh ? try await companion.freshState() : try await companion.state() else {
      throw LogError(
        .configuration, table: table, "no relay has published the table yet: start one (afterimage serve --roles relay)")
    }
    return state
  }

  private func relayed(_ state: RelayState, _ partition: Int) throws(LogError) -> RelayState.Partition {
    guard state.partitions.indices.contains(partition) else {
      throw error(.configuration, partition, "the table has \(state.partitions.count) partitions")
    }
    return state.partitions[partition]
  }

  /// Refuses a topic whose partitions are not those of the table: records of one key would be in two lanes.
  private func checkPartitions(_ state: RelayState) async throws(LogError) {
    let topic = topic(state)
    let count: Int?
    do throws(KafkaError) {
      count = try await asking.partitions(of: topic)
    } catch {
      throw rights.failure(
        error, of: table, topic: topic, message: "the topic \(topic) cannot be described: \(error.text)")
    }
    guard let count else {
      throw LogError(
        .configuration, table: table,
        "there is no topic \(topic): was it deleted? The relay publishes the table again at its next start, or at once with: "
          + republishing)
    }
    guard count == state.partitions.count else {
      throw LogError(
        .configuration, table: table,
        "the topic \(topic) has \(count) partitions, the table has \(state.partitions.count): a topic's partitions must not be "
          + "changed; have the table published again: " + republishing)
    }
  }

  /// The offset of the record after the cursor.
  private func locate(_ partition: Int, _ cursor: LogCursor) async throws(LogError) -> Int64 {
    let state = try await state(fresh: true)
    guard state.tableID == cursor.tableID else {
      throw error(
        .recreated, partition,
        "the table was re-created with the table id \(state.tableID), this reader belongs to \(cursor.tableID)")
    }
    return try await locator(partition, topic(state)).offset(after: cursor, relayed: try relayed(state, partition))
  }

  private func locator(_ partition: Int, _ topic: String) throws(LogError) -> RecordLocator {
    do throws(KafkaError) {
      return RecordLocator(
        table: table, topic: topic, partition: partition, republishing: republishing, rights: rights,
        consumer: try Consumer(configuration, log: log))
    } catch {
      throw self.error(.configuration, partition, error.text)
    }
  }

  /// Says so when no broker answers: an empty batch would look like a quiet table.
  private func checkBrokers(_ reader: PartitionReader) async throws(LogError) {
    do throws(KafkaError) {
      _ = try await consumer(reader.slot).partitions(of: reader.topic, patience: .zero)
    } catch {
      throw rights.failure(
        error, of: table, partition: reader.partition, topic: reader.topic,
        message: "no broker of \(configuration.bootstrap) answers: \(error.text)")
    }
  }

  private func error(_ kind: LogError.Kind, _ partition: Int, _ message: String) -> LogError {
    LogError(kind, table: table, partition: partition, message)
  }
}

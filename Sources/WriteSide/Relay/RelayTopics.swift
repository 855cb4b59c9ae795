internal import Kafka
internal import KafkaLog

/// The two topics of a table: made with what the records need, or checked.
struct RelayTopics {
  let table: String
  let settings: RelaySettings

  func ensure(partitions: Int, _ kafka: KafkaConfiguration, _ log: @escaping KafkaLogSink) async throws {
    let admin = try Admin(kafka, log: log)
    let records = TopicNames.records(of: table)
    let companion = TopicNames.companion(of: table)
    if let count = try await admin.partitions(of: records) {
      guard count == partitions else { throw mismatch(partitions, "the topic \(records) has \(count) partitions") }
    } else {
      // A companion that outlived its topic speaks of records that are gone: all are published again, and no reader may believe it.
      try await remove(admin, companion)
      try await create(
        admin, records, partitions,
        [
          .init("cleanup.policy", "delete"), .init("retention.ms", "\(settings.retention)"), .init("retention.bytes", "-1"),
          .init("max.message.bytes", "\(RelaySettings.messageBytesMax)"), .init("message.timestamp.type", "CreateTime"),
        ])
    }
    if try await admin.partitions(of: companion) == nil {
      try await create(
        admin, companion, 1,
        [
          .init("cleanup.policy", "compact"), .init("segment.bytes", "\(4 << 20)"), .init("segment.ms", "3600000"),
          .init("min.cleanable.dirty.ratio", "0.2"), .init("delete.retention.ms", "60000"),
        ])
    }
  }

  private func remove(_ admin: Admin, _ topic: String) async throws {
    guard try await admin.partitions(of: topic) != nil else { return }
    try await admin.delete(topic: topic)
    for _ in 0..<500 {
      let isThere = try await admin.partitions(of: topic) != nil
      if !isThere { return }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  func check(_ state: RelayState, _ partitions: Int) throws(RelayError) {
    guard state.partitions.count == partitions else {
      throw mismatch(
        partitions, "the topic \(TopicNames.companion(of: table)) speaks of \(state.partitions.count) partitions")
    }
  }

  private func create(
    _ admin: Admin, _ name: String, _ partitions: Int, _ topicSettings: [KafkaConfiguration.Setting]
  ) async throws {
    // Newer brokers refuse timestamps more than an hour ahead, older ones do not know the setting. A table's clock may be ahead.
    let timestamps = KafkaConfiguration.Setting("message.timestamp.after.max.ms", "\(Int64.max)")
    let replication = settings.replication
    let full = Admin.NewTopic(
      name: name, partitions: partitions, replication: replication, settings: topicSettings + [timestamps])
    var refusal: KafkaError?
    do throws(KafkaError) {
      try await admin.create(full)
    } catch {
      refusal = error
    }
    guard let refusal else { return }
    guard Admin.isRefusedSetting(refusal) else { throw refusal }
    try await admin.create(.init(name: name, partitions: partitions, replication: replication, settings: topicSettings))
  }

  private func mismatch(_ wanted: Int, _ text: String) -> RelayError {
    RelayError(
      kind: .configuration, table: table,
      message:
        "\(text), the table has \(wanted): delete both topics of the table and let the relay publish it from the start, or make the table "
        + "with as many partitions as its topic")
  }
}

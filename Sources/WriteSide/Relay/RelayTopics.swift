internal import Kafka
internal import KafkaLog

/// The topics of a table, made with what the records need.
struct RelayTopics {
  let table: String
  let settings: RelaySettings
  let admin: Admin

  private var companion: String { settings.names.companion(of: table) }

  /// Of the topic of the nth publication; nil when there is no such topic.
  func partitions(_ publication: Int) async throws -> Int? {
    try await partitions(of: settings.names.records(of: table, publication: publication))
  }

  private func partitions(of topic: String) async throws -> Int? {
    do throws(KafkaError) {
      return try await admin.partitions(of: topic)
    } catch {
      throw error.isDenied ? refused(.read(topic: topic)) : error
    }
  }

  private func refused(_ deed: BrokerRights.Deed) -> RelayError {
    RelayError(kind: .refused, table: table, message: BrokerRights(settings.names).sentence(deed))
  }

  func ensureRecords(partitions: Int, _ publication: Int) async throws {
    if try await self.partitions(publication) != nil { return }
    try await create(
      settings.names.records(of: table, publication: publication), partitions,
      [
        .init("cleanup.policy", "delete"), .init("retention.ms", "\(settings.retention)"), .init("retention.bytes", "-1"),
        .init("max.message.bytes", "\(RelaySettings.messageBytesMax)"), .init("message.timestamp.type", "CreateTime"),
      ])
  }

  func hasCompanion() async throws -> Bool { try await partitions(of: companion) != nil }

  func ensureCompanion() async throws {
    if try await hasCompanion() { return }
    try await create(
      companion, 1,
      [
        .init("cleanup.policy", "compact"), .init("segment.bytes", "\(4 << 20)"), .init("segment.ms", "3600000"),
        .init("min.cleanable.dirty.ratio", "0.2"), .init("delete.retention.ms", "60000"),
      ])
  }

  /// A refusal of a topic as what is to be asked of the brokers' owner; other errors are what they are.
  private func deed(
    _ refusal: KafkaError, _ topic: String, partitions: Int, _ settings: [KafkaConfiguration.Setting]
  ) -> any Error {
    let texts = settings.map { "\($0.key)=\($0.value)" }
    if refusal.isDenied { return refused(.make(topic: topic, partitions: partitions, settings: texts)) }
    guard refusal.isAgainstPolicy else { return refusal }
    return refused(.makeUnderPolicy(topic: topic, partitions: partitions, settings: texts, reason: refusal.text))
  }

  private func create(
    _ name: String, _ partitions: Int, _ topicSettings: [KafkaConfiguration.Setting]
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
    guard Admin.isRefusedSetting(refusal) else { throw deed(refusal, name, partitions: partitions, topicSettings) }
    do throws(KafkaError) {
      try await admin.create(.init(name: name, partitions: partitions, replication: replication, settings: topicSettings))
    } catch {
      throw deed(error, name, partitions: partitions, topicSettings)
    }
  }
}

internal import CLibrdkafka
internal import Services

/// Makes, describes, trims and deletes topics.
package actor Admin {
  private let executor = BlockingExecutor("afterimage.kafka.admin")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private let handle: ClientHandle

  /// A topic to be made. `replication` nil takes the broker's default.
  package struct NewTopic: Sendable {
    package let name: String
    package let partitions: Int
    package let replication: Int?
    package let settings: [KafkaConfiguration.Setting]

    package init(name: String, partitions: Int, replication: Int? = nil, settings: [KafkaConfiguration.Setting]) {
      self.name = name
      self.partitions = partitions
      self.replication = replication
      self.settings = settings
    }
  }

  /// Connects when first asked for something. `log` gets librdkafka's lines, on its threads. Throws for a setting that librdkafka refuses.
  package init(_ configuration: KafkaConfiguration, log: @escaping KafkaLogSink) throws(KafkaError) {
    // A producer's settings may be among the user's: a producer's handle knows all of them.
    let object = try configuration.make(["reconnect.backoff.max.ms": "1000"], fixed: [:])
    handle = try ClientHandle(RD_KAFKA_PRODUCER, object, log: log)
  }

  /// The number of a topic's partitions; nil when there is no such topic.
  package func partitions(of topic: String) throws(KafkaError) -> Int? {
    try handle.wait { (timeout) throws(KafkaError) in try handle.partitions(of: topic, timeout: timeout) }
  }

  /// Makes a topic; one that exists is left as it is. False when it existed.
  @discardableResult
  package func create(_ topic: NewTopic) throws(KafkaError) -> Bool {
    var text = [CChar](repeating: 0, count: 512)
    let made = rd_kafka_NewTopic_new(topic.name, Int32(topic.partitions), Int32(topic.replication ?? -1), &text, text.count)
    guard let made else {
      let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw KafkaError(code: RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue, "topic \(topic.name): \(reason)")
    }
    defer { rd_kafka_NewTopic_destroy(made) }
    for setting in topic.settings { rd_kafka_NewTopic_set_config(made, setting.key, setting.value) }
    var topics: [OpaquePointer?] = [made]
    do throws(KafkaError) {
      try handle.request(RD_KAFKA_ADMIN_OP_CREATETOPICS) { client, options, queue in
        rd_kafka_CreateTopics(client, &topics, 1, options, queue)
      } result: { (event) throws(KafkaError) in
        var count = 0
        try Admin.check(rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count), count)
      }
    } catch {
      if error.isTopicExists { return false }
      throw error
    }
    return true
  }

  /// True for a refusal of one of a new topic's settings: a broker that is too old for it.
  package static func isRefusedSetting(_ error: KafkaError) -> Bool { error.isInvalidConfiguration }

  package func delete(topic: String) throws(KafkaError) {
    let object = rd_kafka_DeleteTopic_new(topic)!
    defer { rd_kafka_DeleteTopic_destroy(object) }
    var topics: [OpaquePointer?] = [object]
    try handle.request(RD_KAFKA_ADMIN_OP_DELETETOPICS) { client, options, queue in
      rd_kafka_DeleteTopics(client, &topics, 1, options, queue)
    } result: { (event) throws(KafkaError) in
      var count = 0
      try Admin.check(rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count), count)
    }
  }

  /// Adds partitions to a topic, up to `total`.
  package func extend(topic: String, to total: Int) throws(KafkaError) {
    var text = [CChar](repeating: 0, count: 512)
    let object = rd_kafka_NewPartitions_new(topic, total, &text, text.count)!
    defer { rd_kafka_NewPartitions_destroy(object) }
    var topics: [OpaquePointer?] = [object]
    try handle.request(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS) { client, options, queue in
      rd_kafka_CreatePartitions(client, &topics, 1, options, queue)
    } result: { (event) throws(KafkaError) in
      var count = 0
      try Admin.check(rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count), count)
    }
  }

  /// Trims a partition: what lies before `offset` is no longer kept.
  package func trim(topic: String, partition: Int, before offset: Int64) throws(KafkaError) {
    let list = rd_kafka_topic_partition_list_new(1)!
    defer { rd_kafka_topic_partition_list_destroy(list) }
    rd_kafka_topic_partition_list_add(list, topic, Int32(partition)).pointee.offset = offset
    let object = rd_kafka_DeleteRecords_new(list)!
    defer { rd_kafka_DeleteRecords_destroy(object) }
    var objects: [OpaquePointer?] = [object]
    try handle.request(RD_KAFKA_ADMIN_OP_DELETERECORDS) { client, options, queue in
      rd_kafka_DeleteRecords(client, &objects, 1, options, queue)
    } result: { (event) throws(KafkaError) in
      let result = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event))
      guard let code = result?.pointee.elems[0].err, code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
      throw KafkaError(code, "\(topic)[\(partition)]")
    }
  }

  private static func check(_ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int) throws(KafkaError) {
    for index in 0..<count {
      guard let result = results?[index] else { continue }
      let code = rd_kafka_topic_result_error(result)
      guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
      let text = rd_kafka_topic_result_error_string(result).map { ": \(String(cString: $0))" }
      throw KafkaError(code, "topic \(String(cString: rd_kafka_topic_result_name(result)))\(text ?? "")")
    }
  }
}

internal import CLibrdkafka

/// The measure to compare with: a consumer as users of librdkafka write it in C. Its defaults, one partition assigned at its beginning, and a loop
/// of `rd_kafka_consumer_poll` that takes one message after the other, looks at its length and offset and lets go of it. Nothing of our
/// own modules is in it.
enum RawConsumer {
  /// Bytes of the values of this many messages.
  static func consume(_ bootstrap: String, topic: String, messages: Int) throws -> Int {
    var text = [CChar](repeating: 0, count: 512)
    let configuration = rd_kafka_conf_new()
    for (name, value) in [("bootstrap.servers", bootstrap), ("group.id", "bench"), ("enable.auto.commit", "false")] {
      guard rd_kafka_conf_set(configuration, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
        throw BenchError("librdkafka takes no \(name)")
      }
    }
    guard let client = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, &text, text.count) else {
      throw BenchError("librdkafka makes no consumer")
    }
    defer { rd_kafka_destroy(client) }
    rd_kafka_poll_set_consumer(client)
    let partitions = rd_kafka_topic_partition_list_new(1)
    defer { rd_kafka_topic_partition_list_destroy(partitions) }
    rd_kafka_topic_partition_list_add(partitions, topic, 0).pointee.offset = Int64(RD_KAFKA_OFFSET_BEGINNING)
    guard rd_kafka_assign(client, partitions) == RD_KAFKA_RESP_ERR_NO_ERROR else { throw BenchError("no assignment") }
    var count = 0
    var bytes = 0
    var offset: Int64 = -1
    var empty = 0
    while count < messages {
      guard let message = rd_kafka_consumer_poll(client, 100) else {
        empty += 1
        guard empty < 1_000 else { throw BenchError("only \(count) messages came") }
        continue
      }
      if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
        guard message.pointee.offset > offset else { throw BenchError("offsets do not grow") }
        offset = message.pointee.offset
        bytes += message.pointee.len
        count += 1
      }
      rd_kafka_message_destroy(message)
    }
    rd_kafka_consumer_close(client)
    return bytes
  }
}

internal import CLibrdkafka

// Requests of librdkafka's admin interface: any client may send them.
extension ClientHandle {
  /// Sends one request and waits for its answer.
  func request(
    _ operation: rd_kafka_admin_op_t, _ send: (OpaquePointer, OpaquePointer, OpaquePointer) -> Void,
    result: (OpaquePointer) throws(KafkaError) -> Void
  ) throws(KafkaError) {
    let queue = rd_kafka_queue_new(pointer)!
    defer { rd_kafka_queue_destroy(queue) }
    let options = rd_kafka_AdminOptions_new(pointer, operation)!
    defer { rd_kafka_AdminOptions_destroy(options) }
    var text = [CChar](repeating: 0, count: 512)
    _ = rd_kafka_AdminOptions_set_request_timeout(options, 10_000, &text, text.count)
    _ = rd_kafka_AdminOptions_set_operation_timeout(options, 10_000, &text, text.count)
    send(pointer, options, queue)
    let event: OpaquePointer = try wait(.seconds(12)) { (timeout) throws(KafkaError) in
      guard let event = rd_kafka_queue_poll(queue, timeout) else { throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "the brokers") }
      return event
    }
    defer { rd_kafka_event_destroy(event) }
    let code = rd_kafka_event_error(event)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw KafkaError(code, rd_kafka_event_error_string(event).map { String(cString: $0) })
    }
    try result(event)
  }

  /// A topic's setting as the brokers have it; nil when they do not know it.
  func setting(_ name: String, of topic: String) throws(KafkaError) -> String? {
    guard let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic) else { return nil }
    defer { rd_kafka_ConfigResource_destroy(resource) }
    var resources: [OpaquePointer?] = [resource]
    var value: String?
    try request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { client, options, queue in
      rd_kafka_DescribeConfigs(client, &resources, 1, options, queue)
    } result: { (event) throws(KafkaError) in
      var count = 0
      let described = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
      guard count > 0, let found = described?[0] else { return }
      let code = rd_kafka_ConfigResource_error(found)
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, "topic \(topic)") }
      var entries = 0
      let list = rd_kafka_ConfigResource_configs(found, &entries)
      for index in 0..<entries {
        guard let entry = list?[index], let key = rd_kafka_ConfigEntry_name(entry), String(cString: key) == name else { continue }
        value = rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) }
      }
    }
    return value
  }
}

internal import CLibrdkafka

/// A message in librdkafka's memory: valid only inside the closure that it was given to.
package struct KafkaMessage {
  private let message: UnsafeMutablePointer<rd_kafka_message_t>

  init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) { self.message = message }

  package var offset: Int64 { message.pointee.offset }

  /// Milliseconds since 1970 as its producer gave them; -1 without.
  package var timestamp: Int64 {
    var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    return rd_kafka_message_timestamp(message, &kind)
  }

  package var key: UnsafeRawBufferPointer? {
    message.pointee.key.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len) }
  }

  /// Nil for a tombstone.
  package var value: UnsafeRawBufferPointer? {
    message.pointee.payload.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.len) }
  }

  /// The value of the last header with this name; nil without one. An empty value is an empty buffer.
  package func header(_ name: StaticString) -> UnsafeRawBufferPointer? {
    var headers: OpaquePointer?
    guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return nil }
    var value: UnsafeRawPointer?
    var size = 0
    let code = name.withUTF8Buffer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { rd_kafka_header_get_last(headers, $0.baseAddress, &value, &size) }
    }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size)
  }
}

internal import CLibrdkafka
internal import Glibc

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

  /// Nil without any.
  package var headers: KafkaHeaders? {
    var headers: OpaquePointer?
    guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return nil }
    return KafkaHeaders(headers)
  }

  /// The value of the last header with this name; nil without one. An empty value is an empty buffer.
  package func header(_ name: StaticString) -> UnsafeRawBufferPointer? { headers?.last(name) }
}

/// The headers of a message, valid as long as it is.
package struct KafkaHeaders {
  private let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  package var count: Int { rd_kafka_header_cnt(pointer) }

  /// The value of the last header with this name; nil without one. An empty value is an empty buffer.
  package func last(_ name: StaticString) -> UnsafeRawBufferPointer? {
    var value: UnsafeRawPointer?
    var size = 0
    let code = name.withUTF8Buffer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { rd_kafka_header_get_last(pointer, $0.baseAddress, &value, &size) }
    }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size)
  }

  /// The value of the header at a place; nil when there is none or it has another name. O(1), where `last` goes over all of them.
  package func value(at index: Int, named name: StaticString) -> UnsafeRawBufferPointer? {
    var found: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    guard rd_kafka_header_get_all(pointer, index, &found, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let found else {
      return nil
    }
    // Both end with a zero byte.
    let isSame = name.withUTF8Buffer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { strcmp($0.baseAddress!, found) == 0 }
    }
    return isSame ? UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size) : nil
  }
}

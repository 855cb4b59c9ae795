internal import CLibrdkafka

/// The headers of a message: names that are literals of the program, and values of bytes. Memory is kept over `removeAll`, for the next
/// message.
package struct MessageHeaders: Sendable, ExpressibleByDictionaryLiteral {
  private var names: [StaticString] = []
  private var bytes: [UInt8] = []
  /// By name, where its value ends; the next one begins there.
  private var ends: [Int] = []

  package init(dictionaryLiteral elements: (StaticString, String)...) {
    for (name, value) in elements { append(name) { $0.append(contentsOf: value.utf8) } }
  }

  /// Adds a header whose value is what `write` appends.
  package mutating func append(_ name: StaticString, value write: (inout [UInt8]) -> Void) {
    names.append(name)
    write(&bytes)
    ends.append(bytes.count)
  }

  package mutating func removeAll() {
    names.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  /// As librdkafka takes them; the caller owns the list.
  func list() -> OpaquePointer {
    let list = rd_kafka_headers_new(names.count)!
    bytes.withUnsafeBytes { bytes in
      var start = 0
      for (place, end) in ends.enumerated() {
        let value = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        names[place].withUTF8Buffer { name in
          name.withMemoryRebound(to: CChar.self) { name in
            _ = rd_kafka_header_add(list, name.baseAddress, name.count, value.baseAddress, value.count)
          }
        }
        start = end
      }
    }
    return list
  }
}

internal import CZlib

/// Compresses whole bodies.
package enum GzipWriter {
  package enum Format: Sendable {
    case gzip
    /// What HTTP calls deflate.
    case zlib
  }

  /// The bytes in one piece of a format, at the fastest level; nil when memory is short. Cost: one pass over the bytes.
  package static func compress(_ bytes: [UInt8], _ format: Format = .gzip) -> [UInt8]? {
    var stream = z_stream()
    // 16 more than the window's bits asks for the gzip format; 8 is zlib's usual memory level.
    let windowBits: Int32 = format == .gzip ? 15 + 16 : 15
    guard
      deflateInit2_(
        &stream, Z_BEST_SPEED, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        == Z_OK
    else { return nil }
    defer { deflateEnd(&stream) }
    let capacity = Int(deflateBound(&stream, UInt(bytes.count)))
    return bytes.withUnsafeBufferPointer { input in
      var isWhole = false
      let out = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(buffer.count)
        isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
        count = buffer.count - Int(stream.avail_out)
      }
      return isWhole ? out : nil
    }
  }
}

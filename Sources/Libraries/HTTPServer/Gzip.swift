internal import CZlib

/// Inflates bodies.
enum Gzip {
  enum Inflated {
    case bytes([UInt8])
    case tooLarge
    case corrupt
  }

  enum Format {
    /// One member or several.
    case gzip
    /// What HTTP calls deflate.
    case zlib
  }

  /// Stops as soon as more than `bytesMax` come out.
  static func inflate(_ source: [UInt8], _ format: Format, bytesMax: Int) -> Inflated {
    var stream = z_stream()
    // 16 more than the window's bits asks for the gzip format.
    let windowBits: Int32 = format == .gzip ? 15 + 16 : 15
    guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return .corrupt }
    defer { inflateEnd(&stream) }
    var out: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65_536)
    return source.withUnsafeBufferPointer { input in
      stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.avail_in = UInt32(input.count)
      while true {
        let (status, count) = block.withUnsafeMutableBufferPointer { buffer in
          stream.next_out = buffer.baseAddress
          stream.avail_out = UInt32(buffer.count)
          let status = CZlib.inflate(&stream, Z_NO_FLUSH)
          return (status, buffer.count - Int(stream.avail_out))
        }
        out.append(contentsOf: block[..<count])
        if out.count > bytesMax { return .tooLarge }
        if status == Z_STREAM_END {
          if stream.avail_in == 0 { return .bytes(out) }
          guard format == .gzip, inflateReset(&stream) == Z_OK else { return .corrupt }
          continue
        }
        if status != Z_OK || (count == 0 && stream.avail_in == 0) { return .corrupt }
      }
    }
  }
}

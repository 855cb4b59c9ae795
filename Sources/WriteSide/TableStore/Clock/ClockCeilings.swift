/// How far commit times and watermarks may be given out before more is written. In milliseconds since 1970.
struct ClockCeilings: Sendable, Equatable {
  /// Written without sync: after the process is killed the page cache has it, after a power failure perhaps not.
  var near: Int64
  /// Written with sync: on disk after a power failure too.
  var durable: Int64
}

extension ClockCeilings {
  /// What the store keeps: the durable ceiling alone, and the near one with the name of the boot in which it was written.
  var durableBytes: [UInt8] { StoreState.encode(durable) }

  func nearBytes(boot: String?) -> [UInt8] { StoreState.encode(near) + Array((boot ?? "").utf8) }

  /// The ceilings that a start goes on from. The near one counts only in the boot that wrote it, where it cannot have been lost; else the
  /// durable one is the least time that no reader was promised to be over.
  init(nearBytes: [UInt8]?, durableBytes: [UInt8]?, boot: String?) {
    func time(_ bytes: [UInt8]) -> Int64? {
      bytes.count >= 8 ? bytes.withUnsafeBytes { Int64(bitPattern: KeyBytes.read64($0, at: 0)) } : nil
    }
    durable = durableBytes.flatMap(time) ?? 0
    near = durable
    if let bytes = nearBytes, let boot, !boot.isEmpty, bytes.dropFirst(8).elementsEqual(boot.utf8), let time = time(bytes) {
      near = time
    }
  }
}

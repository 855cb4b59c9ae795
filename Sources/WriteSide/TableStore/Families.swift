internal import RocksDB

/// The column families of the store, by their place in the list that the database is opened with.
enum Family {
  static let meta = 0
  static let items = 1
  static let index = 2
  static let log = 3

  static let all: [Database.Family] = [
    .init(name: "meta", pointReads: true, writeBufferBytes: 4 << 20),
    .init(name: "items", pointReads: true, writeBufferBytes: 64 << 20),
    .init(name: "index", pointReads: false, writeBufferBytes: 32 << 20),
    .init(name: "log", pointReads: false, writeBufferBytes: 64 << 20),
  ]
}

/// Keys of the meta family.
enum MetaKey {
  static let formatVersion: [UInt8] = [UInt8(ascii: "V")]
  /// The durable ceiling of the commit clock.
  static let clockCeiling: [UInt8] = [UInt8(ascii: "C")]
  /// The order of the last record committed.
  static let order: [UInt8] = [UInt8(ascii: "O")]
  /// The near one, and the boot in which it was written.
  static let clockNearCeiling: [UInt8] = [UInt8(ascii: "c")]
  static let nextTableNumber: [UInt8] = [UInt8(ascii: "N")]
  static let tablePrefix: [UInt8] = [UInt8(ascii: "D")]
  static let tokenPrefix: [UInt8] = [UInt8(ascii: "K")]

  static func table(_ id: TableNumber) -> [UInt8] {
    var out = tablePrefix
    KeyBytes.append32(id.rawValue, to: &out)
    return out
  }

  static let jobPrefix: [UInt8] = [UInt8(ascii: "J")]

  /// A backup, export, import or restore.
  static func job(_ id: TableNumber) -> [UInt8] {
    var out = jobPrefix
    KeyBytes.append32(id.rawValue, to: &out)
    return out
  }

  private static let importMark: UInt8 = UInt8(ascii: "I")

  /// Everything that is kept of the imports of a table.
  static func imports(_ id: TableNumber) -> [UInt8] {
    var out = [importMark]
    KeyBytes.append32(id.rawValue, to: &out)
    return out
  }

  /// How far an import got. Names are up to 255 bytes long.
  static func importProgress(_ id: TableNumber, _ name: String) -> [UInt8] { imports(id) + [0] + sized(name) }

  /// The fingerprint of an import after one of its batches.
  static func importBatch(_ id: TableNumber, _ name: String, _ number: Int) -> [UInt8] {
    var out = imports(id) + [1] + sized(name)
    KeyBytes.append64(UInt64(number), to: &out)
    return out
  }

  private static func sized(_ name: String) -> [UInt8] { [UInt8(clamping: name.utf8.count)] + Array(name.utf8) }

  static func token(_ text: String) -> [UInt8] { tokenPrefix + Array(text.utf8) }

  /// The history clock's last time, and the item count and size, of a table.
  static func progress(_ id: TableNumber) -> [UInt8] {
    var out = [UInt8(ascii: "P")]
    KeyBytes.append32(id.rawValue, to: &out)
    return out
  }

  /// The last sequence number of a partition, written when its records are trimmed.
  static func sequence(_ id: TableNumber, _ partition: Int) -> [UInt8] {
    var out = [UInt8(ascii: "S")]
    KeyBytes.append32(id.rawValue, to: &out)
    KeyBytes.append16(UInt16(partition), to: &out)
    return out
  }
}

package import DynamoModel

/// A change record as the write store keeps it.
///
/// A version byte, kind, cause, the commit time and the order (8 bytes each, big-endian), a byte that says which images are there, then the
/// keys, the old and the new image, each a varint length and an item in its stored form. The images are the very bytes
/// of the items: writing a record copies them, reading one attribute skips the others.
package enum StoredRecord {
  static let version: UInt8 = 2
  private static let headerBytes = 20

  /// Appends a record in its stored form. `keys`, `old` and `new` are items in their stored form and are copied as they are; an image
  /// that is nil is left out.
  package static func append(
    kind: ChangeRecord.Kind, cause: ChangeRecord.Cause, time: LogTime, order: CommitOrder, keys: [UInt8], old: [UInt8]?,
    new: [UInt8]?,
    to out: inout [UInt8]
  ) {
    out.append(version)
    out.append(kind.rawValue)
    out.append(cause.rawValue)
    for number in [UInt64(bitPattern: time.rawValue), order.rawValue] {
      for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }
    out.append((old == nil ? 0 : 1) | (new == nil ? 0 : 2))
    Varint.appendBytes(keys, to: &out)
    if let old { Varint.appendBytes(old, to: &out) }
    if let new { Varint.appendBytes(new, to: &out) }
  }

  /// The commit time alone, from the record's head.
  package static func time(_ bytes: UnsafeRawBufferPointer) throws(RecordError) -> LogTime {
    guard bytes.count >= headerBytes else { throw RecordError("a stored record of \(bytes.count) bytes is too short") }
    return LogTime(rawValue: Int64(bitPattern: number(bytes, at: 3)))
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, at start: Int) -> UInt64 {
    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
  }

  /// The raw parts of a record: no attribute is decoded.
  package struct Parts {
    package let kind: ChangeRecord.Kind
    package let cause: ChangeRecord.Cause
    package let time: LogTime
    package let order: CommitOrder
    package let keys: UnsafeRawBufferPointer
    package let old: UnsafeRawBufferPointer?
    package let new: UnsafeRawBufferPointer?
  }

  /// The parts point into `bytes` and live as long as those do.
  package static func parts(_ bytes: UnsafeRawBufferPointer) throws(RecordError) -> Parts {
    let time = try time(bytes)
    guard bytes[0] == version else {
      throw RecordError(
        "the record's format is version \(bytes[0]); this program reads version \(version): use a newer afterimage")
    }
    guard let kind = ChangeRecord.Kind(rawValue: bytes[1]), let cause = ChangeRecord.Cause(rawValue: bytes[2]) else {
      throw RecordError("kind \(bytes[1]) or cause \(bytes[2]) of the stored record is unknown")
    }
    var index = headerBytes
    guard let keys = Varint.readBytes(bytes, &index) else { throw RecordError("the stored record's keys are cut off") }
    var old: UnsafeRawBufferPointer?
    var new: UnsafeRawBufferPointer?
    if bytes[19] & 1 != 0 {
      old = Varint.readBytes(bytes, &index)
      if old == nil { throw RecordError("the stored record's old image is cut off") }
    }
    if bytes[19] & 2 != 0 {
      new = Varint.readBytes(bytes, &index)
      if new == nil { throw RecordError("the stored record's new image is cut off") }
    }
    guard index == bytes.count else { throw RecordError("the stored record has bytes after its end") }
    return Parts(
      kind: kind, cause: cause, time: time, order: CommitOrder(rawValue: number(bytes, at: 11)), keys: keys, old: old, new: new)
  }

  /// Decodes a record; of the images only the named attributes, or all of them when `names` is nil.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer, sequence: SequenceNumber, only names: AttributeNames? = nil
  ) throws(RecordError) -> ChangeRecord {
    let parts = try parts(bytes)
    return ChangeRecord(
      kind: parts.kind, cause: parts.cause, time: parts.time, order: parts.order, sequence: sequence,
      keys: try item(parts.keys, nil),
      oldImage: try parts.old.map { (image) throws(RecordError) in try item(image, names) },
      newImage: try parts.new.map { (image) throws(RecordError) in try item(image, names) })
  }

  private static func item(_ bytes: UnsafeRawBufferPointer, _ names: AttributeNames?) throws(RecordError) -> Item {
    let item = names.map { Item(binary: bytes, only: $0) } ?? Item(binary: bytes)
    guard let item else { throw RecordError("an image of the stored record does not decode") }
    return item
  }

  /// The same record without some attributes in its images.
  package static func append(
    _ bytes: UnsafeRawBufferPointer, without names: AttributeNames, to out: inout [UInt8]
  ) throws(RecordError) {
    let parts = try parts(bytes)
    func stripped(_ image: UnsafeRawBufferPointer) throws(RecordError) -> [UInt8] {
      guard let item = Item(binary: image) else { throw RecordError("an image of the stored record does not decode") }
      var kept = item
      for entry in item.entries where names.name(utf8: Array(entry.name.utf8)) != nil { kept[entry.name] = nil }
      return kept.binary
    }
    append(
      kind: parts.kind, cause: parts.cause, time: parts.time, order: parts.order, keys: Array(parts.keys),
      old: try parts.old.map { (image) throws(RecordError) in try stripped(image) },
      new: try parts.new.map { (image) throws(RecordError) in try stripped(image) }, to: &out)
  }
}

internal import ChangeRecords
internal import DynamoModel
internal import RocksDB

/// One verification of one table on one snapshot.
///
/// In order: the log's sequence numbers; then, for a part of the keys at a time, the log folded to the last image of each key and the
/// items compared with it and with their index entries; then the index entries compared with their items; then the counts.
struct TableVerification {
  let database: Database
  let snapshot: Snapshot
  let table: StoredTable
  let progress: TableProgress
  /// Wall clock in milliseconds.
  let now: LogTime
  private var findings = TableFindings()
  private var sizeBytes = 0
  private var indexes: [UInt16: TableProgress.IndexProgress] = [:]

  /// Keys held in memory at once.
  static let keysMax = 500_000
  /// Keys walked over between two looks at whether the store waits for its readers.
  private static let strideMax = 1000

  init(database: Database, snapshot: Snapshot, table: StoredTable, progress: TableProgress, now: LogTime) {
    (self.database, self.snapshot, self.table, self.progress, self.now) = (database, snapshot, table, progress, now)
  }

  /// The last image of a key in the log, by its hash: seeded in each process, never stored.
  private struct Image {
    let sequence: SequenceNumber
    let hash: Int
  }

  mutating func run() throws(DynamoError) -> TableFindings {
    findings.isTrimmed = progress.first.contains { $0 > .first }
    findings.filling = table.definition.indexes.filter { $0.status == .creating }.map(\.name)
    do {
      for partition in 0..<table.definition.partitions { try verifySequence(partition) }
      let passes = progress.itemCount / TableVerification.keysMax + 1
      for pass in 0..<passes {
        var images: [[UInt8]: Image] = [:]
        for partition in 0..<table.definition.partitions { try fold(partition, pass: pass, of: passes, &images) }
        try verifyItems(pass, passes, &images)
        for (itemKey, image) in images {
          findings.add(
            .itemMissing, key: try key(ofRecord: image.sequence, itemKey),
            "record \(image.sequence) leaves an item that is not there")
        }
      }
      try verifyEntries()
    } catch let error as RocksDBError {
      throw .storage(error)
    } catch let error as DynamoError {
      throw error
    } catch {
      throw DynamoError(.internalServer, "The verification failed")
    }
    verifyCounts()
    return findings
  }

  /// Calls `body` with each key and value of a range. What it finds at a time is bounded: a store that must be opened again waits for its
  /// readers, so the walk ends then.
  private func walk(
    _ family: Int, _ lower: [UInt8], _ upper: [UInt8], body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var walk = KeyIterator(database, family, lower: lower, upper: upper, snapshot: snapshot, fillCache: false)
    walk.seekToFirst()
    var count = 0
    while walk.isValid {
      try body(walk.key, walk.value)
      count += 1
      if count % TableVerification.strideMax == 0, database.failure != nil {
        throw DynamoError(.serviceUnavailable, "The table store is being opened again: try again")
      }
      walk.next()
    }
    try walk.check()
  }

  // MARK: The log

  private func walkLog(_ partition: Int, body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void) throws {
    try walk(
      Family.log, KeyBytes.log(table.id, partition, .beforeAll), KeyBytes.log(table.id, partition, .afterAll), body: body)
  }

  private mutating func verifySequence(_ partition: Int) throws {
    var (findings, expected, time) = (findings, progress.first[partition], LogTime.distantPast)
    let last = progress.last[partition]
    try walkLog(partition) { key, value in
      let sequence = KeyBytes.sequence(ofLog: key)
      if sequence != expected {
        findings.add(.logGap, "partition \(partition): record \(sequence) stands where \(expected) is expected")
      }
      expected = sequence.next
      findings.records += 1
      do throws(RecordError) {
        let found = try StoredRecord.time(value)
        if found < time {
          findings.add(
            .recordOutOfLine,
            "partition \(partition): record \(sequence) is \(time.rawValue - found.rawValue) ms older than the one before")
        }
        time = found
      } catch {
        findings.add(.recordDamaged, "partition \(partition): record \(sequence): \(error.reason)")
      }
    }
    if expected != last.next {
      findings.add(.logGap, "partition \(partition) ends with record \(expected.previous), not with \(last)")
    }
    self.findings = findings
  }

  private func pass(_ itemKey: [UInt8], of passes: Int) -> Int { (Int(itemKey[4]) << 8 | Int(itemKey[5])) % passes }

  private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: bytes)
    return hasher.finalize()
  }

  /// Carries a partition's records out on `images`, each compared with what the one before it of the same key left.
  private mutating func fold(_ partition: Int, pass: Int, of passes: Int, _ images: inout [[UInt8]: Image]) throws {
    var (findings, known) = (findings, images)
    images = [:]
    let (table, isTrimmed) = (table, progress.first[partition] > .first)
    let this = self
    try walkLog(partition) { logKey, value in
      let sequence = KeyBytes.sequence(ofLog: logKey)
      let where_ = "partition \(partition): record \(sequence)"
      let parts: StoredRecord.Parts
      // A head that does not decode is found by the walk over the sequence.
      do { parts = try StoredRecord.parts(value) } catch { return }
      guard let keys = Item(binary: parts.keys), let key = table.definition.key.key(of: keys) else {
        if pass == 0 { findings.add(.recordDamaged, "\(where_) has no key of the table") }
        return
      }
      let (itemKey, hash) = table.itemKey(key)
      guard this.pass(itemKey, of: passes) == pass else { return }
      if KeyBytes.logPartition(hash, of: table.definition.partitions) != partition {
        findings.add(.recordOutOfLine, key: key, "\(where_) belongs in another partition")
      }
      let before = known[itemKey]
      let old = parts.old.map(TableVerification.hash)
      if before?.hash != old, before != nil || !isTrimmed {
        findings.add(.recordOutOfLine, key: key, "\(where_) has another old image than the record before it left")
      }
      let kind: ChangeRecord.Kind = parts.new == nil ? .remove : (parts.old == nil ? .insert : .modify)
      if parts.kind != kind {
        findings.add(.recordOutOfLine, key: key, "\(where_) is of kind \(parts.kind), its images of \(kind)")
      }
      known[itemKey] = parts.new.map { Image(sequence: sequence, hash: TableVerification.hash($0)) }
    }
    self.findings = findings
    images = known
  }

  /// The key in a record of the partition that an item key belongs to.
  private func key(ofRecord sequence: SequenceNumber, _ itemKey: [UInt8]) throws -> Item? {
    for partition in 0..<table.definition.partitions {
      guard let bytes = try database.value(Family.log, KeyBytes.log(table.id, partition, sequence), snapshot: snapshot) else {
        continue
      }
      let key = bytes.withUnsafeBytes { raw in (try? StoredRecord.parts(raw)).flatMap { Item(binary: $0.keys) } }
      if let key = key.flatMap(table.definition.key.key), table.itemKey(key).bytes == itemKey { return key }
    }
    return nil
  }

  // MARK: Items and what follows from them

  private mutating func verifyItems(_ pass: Int, _ passes: Int, _ images: inout [[UInt8]: Image]) throws {
    var (this, known) = (self, images)
    images = [:]
    let prefix = KeyBytes.table(table.id)
    try walk(Family.items, prefix, KeyBytes.successor(prefix)) { key, value in
      let itemKey = Array(key)
      guard itemKey.count > 6, this.pass(itemKey, of: passes) == pass else { return }
      try this.verify(itemKey, value, known.removeValue(forKey: itemKey))
    }
    self = this
    images = known
  }

  private mutating func verify(_ itemKey: [UInt8], _ value: UnsafeRawBufferPointer, _ image: Image?) throws {
    findings.items += 1
    sizeBytes += max(0, value.count - StoredItem.versionBytes)
    guard let item = StoredItem.item(value), let key = table.definition.key.key(of: item) else {
      return findings.add(.itemDamaged, "a stored item does not decode, or has no key")
    }
    let (ownKey, hash) = table.itemKey(key)
    if ownKey != itemKey { findings.add(.itemDamaged, key: key, "the item stands under another key") }
    let version = StoredItem.version(value)
    let stored = UnsafeRawBufferPointer(rebasing: value[StoredItem.versionBytes...])
    let partition = KeyBytes.logPartition(hash, of: table.definition.partitions)
    if let image {
      if image.sequence != version {
        findings.add(
          .itemDiffersFromLog, key: key, "the item is of record \(version), the last record of its key is \(image.sequence)")
      } else if image.hash != TableVerification.hash(stored) {
        findings.add(.itemDiffersFromLog, key: key, "the item differs from the new image of record \(version)")
      }
    } else if progress.first[partition] == .first || version >= progress.first[partition] {
      findings.add(.itemWithoutRecord, key: key, "the item is of record \(version), and the log does not lead to it")
    }
    for index in table.definition.indexes {
      guard let number = table.indexNumbers[index.name], let entry = table.indexKey(index, of: item, itemKey: itemKey) else {
        continue
      }
      if try database.value(Family.index, entry, snapshot: snapshot) != nil {
        indexes[number, default: .init()].itemCount += 1
        indexes[number, default: .init()].sizeBytes += index.entryBytes(of: item, whole: stored.count, in: table.definition)
      } else if index.status != .creating {
        findings.add(.indexEntryMissing, key: key, index: index.name, "the item has no entry in the index")
      }
    }
    // An expiry time that is too far back has an entry or not, by when the item was written.
    if !table.isFillingTimeToLive, let entry = table.timeToLiveKey(of: item, itemKey: itemKey, now: now),
      try database.value(Family.index, entry, snapshot: snapshot) == nil
    {
      findings.add(.timeToLiveEntryMissing, key: key, "the item has no TTL entry: it will not expire")
    }
  }

  // MARK: Entries

  private mutating func verifyEntries() throws {
    let prefix = KeyBytes.table(table.id)
    var this = self
    try walk(Family.index, prefix, KeyBytes.successor(prefix)) { key, value in
      try this.verify(entry: Array(key), Array(value))
    }
    self = this
  }

  private mutating func verify(entry: [UInt8], _ itemKey: [UInt8]) throws {
    guard entry.count > 6 else { return findings.add(.indexEntryStale, "an index entry is too short") }
    let number = UInt16(entry[4]) << 8 | UInt16(entry[5])
    let isTimeToLive = number == KeyBytes.timeToLiveIndex
    let index = table.definition.indexes.first { table.indexNumbers[$0.name] == number }
    if isTimeToLive { findings.timeToLiveEntries += 1 } else { findings.indexEntries += 1 }
    let kind: TableFindings.Kind = isTimeToLive ? .timeToLiveEntryStale : .indexEntryStale
    guard index != nil || isTimeToLive else {
      return findings.add(kind, "an entry of index number \(number), which does not exist")
    }
    guard let bytes = try database.value(Family.items, itemKey, snapshot: snapshot), let item = StoredItem.item(bytes) else {
      return findings.add(kind, index: index?.name, "an entry leads to an item that is not there")
    }
    let wanted =
      index.map { table.indexKey($0, of: item, itemKey: itemKey) }
      ?? table.timeToLiveKey(of: item, itemKey: itemKey, now: nil)
    if wanted != entry {
      findings.add(
        kind, key: table.definition.key.key(of: item), index: index?.name, "an entry leads to an item that belongs elsewhere")
    }
  }

  // MARK: Counts

  private mutating func verifyCounts() {
    func compare(_ what: String, _ found: Int, _ kept: Int, index: String? = nil) {
      guard found != kept else { return }
      findings.add(.countDiffers, index: index, "\(what): the store keeps \(kept), there are \(found)")
    }
    compare("items", findings.items, progress.itemCount)
    compare("bytes of items", sizeBytes, progress.sizeBytes)
    for index in table.definition.indexes {
      guard let number = table.indexNumbers[index.name] else { continue }
      let (found, kept) = (indexes[number] ?? .init(), progress.indexes[number] ?? .init())
      compare("entries of the index", found.itemCount, kept.itemCount, index: index.name)
      compare("bytes of the index", found.sizeBytes, kept.sizeBytes, index: index.name)
    }
  }
}

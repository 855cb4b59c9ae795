package import ChangeRecords
internal import DynamoModel

/// How far an import into a table got. Kept with the table under the import's name, in the same write as the rows: what it says is exactly what
/// is in the table.
///
/// Decides what becomes of a batch, and which time a row gets. Batches are numbered 1, 2, 3, ...
package struct ImportProgress: Sendable, Equatable {
  /// The last batch that is applied whole; 0 before the first.
  package var batch = 0
  /// Rows of these batches.
  package var rows = 0
  package var fingerprint = ImportFingerprint.ofNothing
  /// Rows of the next batch that are applied already: see `StoreState.apply`.
  package var begunRows = 0
  var begunFingerprint = ImportFingerprint.ofNothing
  /// The time of the last row, lifted if it was; before the first row, and without times, that before all.
  var time = LogTime.distantPast
  /// Rows whose times were lifted.
  package var lifted = 0

  package init() {}

  /// What is to be done with a batch.
  enum Step: Equatable {
    /// Its rows from this place on are to be applied; those before are.
    case apply(from: Int)
    /// It was applied before, with these very rows.
    case done
    /// A batch before it is missing.
    case early
    /// Other rows were applied under its number, or before it.
    case other
  }

  /// `rowsBefore`: of the import, as the client counts them; nil when it does not say. `rows`: the fingerprints of the batch's rows, each by itself. `kept` gives that of the import after one of the batches that are applied.
  /// O(rows) for one that is applied or begun, else O(1).
  func step<Failure: Error>(
    for number: Int, rowsBefore: Int? = nil, rows: some Collection<ImportFingerprint>,
    kept: (Int) throws(Failure) -> ImportFingerprint?
  ) throws(Failure) -> Step {
    if number > batch + 1 { return .early }
    if number == batch + 1 {
      guard rowsBefore == nil || rowsBefore == self.rows else { return .other }
      guard begunRows > 0 else { return .apply(from: 0) }
      let begun = rows.prefix(begunRows)
      return begun.count == begunRows && begun.reduce(fingerprint, { $0.adding($1) }) == begunFingerprint
        ? .apply(from: begunRows) : .other
    }
    guard number > 0, let before = number == 1 ? .ofNothing : try kept(number - 1), let after = try kept(number) else {
      return .other
    }
    return rows.reduce(before) { $0.adding($1) } == after ? .done : .other
  }

  /// The time with which a row comes to its table: what was given for it, never before the row before; nil for a table with a live clock.
  /// Throws for a time too many, a missing one, and, unless times are lifted, one before that of the row before.
  func time(given: LogTime?, table: StoredTable, lifts: Bool) throws(DynamoError) -> LogTime? {
    switch (table.clock, given) {
    case (.live, nil): return nil
    case (.live, _?):
      throw .validation("Table \(table.definition.name) has a live clock: times are for tables with a history clock")
    case (.history, nil):
      throw .validation("Table \(table.definition.name) has a history clock: each row must bring its time")
    case (.history, let given?):
      if given >= time || lifts { return max(given, time) }
      throw .validation("The time \(given) lies before \(time), that of the row before")
    }
  }

  /// The same once it is known that the row changes something: what does may not lie before the table's clock. A row that changes nothing may,
  /// so that what is there already can be imported again.
  static func time(_ time: LogTime, clock: LogTime, lifts: Bool) throws(DynamoError) -> LogTime {
    if time >= clock || lifts { return max(time, clock) }
    throw .validation("The time \(time) lies before \(clock), the last one given to the table's history clock")
  }

  /// A batch of the next number was applied, up to its row `end` of `count`.
  mutating func applied(through end: Int, of count: Int, _ after: ImportFingerprint) {
    guard end == count else {
      begunRows = end
      begunFingerprint = after
      return
    }
    batch += 1
    rows += count
    fingerprint = after
    begunRows = 0
    begunFingerprint = .ofNothing
  }
}

/// The stored form: numbers of 8 bytes, fingerprints of 16, big-endian.
extension ImportProgress {
  var binary: [UInt8] {
    var out: [UInt8] = []
    KeyBytes.append64(UInt64(batch), to: &out)
    KeyBytes.append64(UInt64(rows), to: &out)
    ImportProgress.append(fingerprint, to: &out)
    KeyBytes.append64(UInt64(begunRows), to: &out)
    ImportProgress.append(begunFingerprint, to: &out)
    KeyBytes.append64(UInt64(bitPattern: time.rawValue), to: &out)
    KeyBytes.append64(UInt64(lifted), to: &out)
    return out
  }

  static let binaryBytes = 72

  init?(binary bytes: [UInt8]) {
    guard bytes.count == ImportProgress.binaryBytes else { return nil }
    let numbers = bytes.withUnsafeBytes { raw in stride(from: 0, to: bytes.count, by: 8).map { KeyBytes.read64(raw, at: $0) } }
    func fingerprint(_ at: Int) -> ImportFingerprint {
      ImportFingerprint(rawValue: UInt128(numbers[at]) << 64 | UInt128(numbers[at + 1]))
    }
    batch = Int(truncatingIfNeeded: numbers[0])
    rows = Int(truncatingIfNeeded: numbers[1])
    self.fingerprint = fingerprint(2)
    begunRows = Int(truncatingIfNeeded: numbers[4])
    begunFingerprint = fingerprint(5)
    time = LogTime(rawValue: Int64(bitPattern: numbers[7]))
    lifted = Int(truncatingIfNeeded: numbers[8])
  }

  static func append(_ fingerprint: ImportFingerprint, to out: inout [UInt8]) {
    KeyBytes.append64(UInt64(truncatingIfNeeded: fingerprint.rawValue >> 64), to: &out)
    KeyBytes.append64(UInt64(truncatingIfNeeded: fingerprint.rawValue), to: &out)
  }

  static func fingerprint(_ bytes: [UInt8]) -> ImportFingerprint? {
    guard bytes.count == 16 else { return nil }
    return bytes.withUnsafeBytes { raw in
      ImportFingerprint(rawValue: UInt128(KeyBytes.read64(raw, at: 0)) << 64 | UInt128(KeyBytes.read64(raw, at: 8)))
    }
  }
}

import ChangeRecords
import DynamoModel
import RandomTestKit
import RecordLiteralTestKit
import StoreTestKit
import Testing

@testable import TableStore

/// What becomes of a batch, and which time a row gets: the value that decides, without a store.
@Suite struct ImportProgressTests {
  static func row(_ number: Int) -> ImportFingerprint { .row([UInt8(number & 0xff), UInt8(number >> 8 & 0xff)], at: nil) }

  /// A model of an import: the rows of every batch that is applied, and how many of the next one.
  struct Model {
    var batches: [[Int]] = []
    var begun: [Int] = []

    func step(_ number: Int, _ rows: [Int], rowsBefore: Int?) -> ImportProgress.Step {
      if number > batches.count + 1 { return .early }
      if number <= 0 { return .other }
      if number <= batches.count { return batches[number - 1] == rows ? .done : .other }
      if let rowsBefore, rowsBefore != batches.joined().count { return .other }
      return Array(rows.prefix(begun.count)) == begun ? .apply(from: begun.count) : .other
    }
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>) func `a batch is applied once and in its turn, whatever comes`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var progress = ImportProgress()
    var kept: [Int: ImportFingerprint] = [:]
    var model = Model()
    // Few rows, so that other batches of the same rows come about.
    var sent: [[Int]] = []
    for _ in 0..<400 {
      let number = Int.random(in: max(0, model.batches.count - 2)...(model.batches.count + 2), using: &generator)
      var rows = (0..<Int.random(in: 1...4, using: &generator)).map { _ in Int.random(in: 0..<3, using: &generator) }
      if Bool.random(using: &generator), number > 0, number <= sent.count { rows = sent[number - 1] }
      if Bool.random(using: &generator), number == model.batches.count + 1 { rows = model.begun + rows }
      let applied = model.batches.joined().count
      let rowsBefore = [nil, applied, applied + 1][Int.random(in: 0..<3, using: &generator)]
      let step = progress.step(for: number, rowsBefore: rowsBefore, rows: rows.map(Self.row)) { kept[$0] }
      #expect(step == model.step(number, rows, rowsBefore: rowsBefore), "seed \(seed), batch \(number) of \(rows)")
      guard case .apply(let from) = step else { continue }
      // Often it is stopped after some of its rows.
      let end = Int.random(in: 0..<3, using: &generator) == 0 ? Int.random(in: from...rows.count, using: &generator) : rows.count
      let before = progress.begunRows > 0 ? progress.begunFingerprint : progress.fingerprint
      let after = rows[from..<end].reduce(before) { $0.adding(Self.row($1)) }
      progress.applied(through: end, of: rows.count, after)
      if end == rows.count {
        model.batches.append(rows)
        model.begun = []
        sent.append(rows)
        kept[number] = progress.fingerprint
      } else {
        model.begun = Array(rows[..<end])
      }
      #expect(progress.batch == model.batches.count && progress.rows == model.batches.joined().count, "seed \(seed)")
      #expect(ImportProgress(binary: progress.binary) == progress, "seed \(seed)")
    }
    #expect(progress.batch > 20, "seed \(seed)")
  }

  @Test func `a fingerprint is of rows in their order with their times, not of batches`() throws {
    let (one, two) = (Self.row(1), Self.row(2))
    #expect(ImportFingerprint.ofNothing.adding(one).adding(two) != ImportFingerprint.ofNothing.adding(two).adding(one))
    #expect(ImportFingerprint.row([1], at: nil) != .row([1], at: 0))
    #expect(ImportFingerprint.row([1], at: 5) != .row([1], at: 6))
    let text = "\(one)"
    #expect(text.utf8.count == 32 && ImportFingerprint(text) == one)
    #expect(ImportFingerprint("x") == nil && ImportFingerprint(text + "0") == nil)
    #expect(ImportProgress(binary: [1, 2, 3]) == nil)
  }

  static func table(_ clock: TableClock) -> StoredTable {
    StoredTable(
      id: TableNumber(rawValue: 1), tableID: TableID(rawValue: 7), definition: TableDefinition(name: "T_1", key: .strings()),
      indexNumbers: [:], nextIndexNumber: 1, createdAt: 0, clock: clock)
  }

  @Test func `a row's time is refused before its predecessor's, or lifted to it`() throws {
    let history = Self.table(.history)
    var progress = ImportProgress()
    #expect(try progress.time(given: 5, table: history, lifts: false) == 5)
    progress.time = 5
    #expect(try progress.time(given: 5, table: history, lifts: false) == 5)
    #expect(try progress.time(given: 4, table: history, lifts: true) == 5)
    #expect { try progress.time(given: 4, table: history, lifts: false) } throws: {
      ($0 as? DynamoError)?.message == "The time 4 lies before 5, that of the row before"
    }
    #expect { try progress.time(given: nil, table: history, lifts: true) } throws: {
      ($0 as? DynamoError)?.message.contains("each row must bring its time") == true
    }
    #expect(try progress.time(given: nil, table: Self.table(.live), lifts: false) == nil)
    #expect { try progress.time(given: 9, table: Self.table(.live), lifts: true) } throws: {
      ($0 as? DynamoError)?.message.contains("has a live clock") == true
    }
    #expect(try ImportProgress.time(5, clock: 5, lifts: false) == 5)
    #expect(try ImportProgress.time(5, clock: 6, lifts: true) == 6)
    #expect { try ImportProgress.time(5, clock: 6, lifts: false) } throws: {
      ($0 as? DynamoError)?.message.contains("the last one given to the table's history clock") == true
    }
  }
}

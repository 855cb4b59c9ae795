internal import ChangeRecords
internal import DynamoClient
internal import DynamoModel
internal import Foundation

/// Sends the rows of a file in batches, several at once; the server applies them in order and keeps how far it got, in the same write as the rows.
///
/// So an import that was stopped at any moment, or whose server was, continues with the first row that is not in the table. The rows before it are
/// read again and compared with the server's fingerprint: another file, or other templates, under the import's name are refused.
struct Importer {
  static let inFlightMax = 4
  /// Rows that are passed over between two lines of progress.
  private static let passedOverNote = 20_000
  /// Between two lines of progress.
  private static let meterInterval = Duration.milliseconds(200)

  let server: ImportServer
  var rows: ImportRows
  var liftsTimes = false
  /// Shows the progress; called now and then.
  var show: ((ImportMeter) -> Void)?

  struct Result {
    /// Rows that this run imported.
    var items = 0
    /// Rows that were imported before.
    var skipped = 0
    /// Rows of this run whose time was lifted.
    var lifted = 0
    var seconds = 0.0
  }

  /// A row that the server refused: nothing from it on is in the table.
  private struct Refusal: Error {
    let batch: ImportBatch
    let row: Int
    let error: ClientError
  }

  /// `again`: what was imported before is forgotten, and the file is imported from its first row.
  mutating func run(again: Bool) async throws -> Result {
    let standing = try await server.standing(forgetting: again)
    if standing.isHistory, rows.history == nil {
      throw ImportError(
        rows.mapping == nil
          ? "table \(server.table) has a history clock, and lines of JSON bring no times: end the history first, with "
            + "`afterimage table clock \(server.table) live`"
          : "table \(server.table) has a history clock: name the column with each row's time with --history COLUMN")
    }
    try passOver(standing)
    var result = Result(skipped: standing.rows)
    let started = ContinuousClock.now
    do {
      let end = try await send(standing, started)
      result.items = end.rows - standing.rows
      result.lifted = end.lifted - standing.lifted
    } catch let refusal as Refusal {
      throw try await explained(refusal)
    }
    result.seconds = Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000
    return result
  }

  /// Reads the rows that are in the table already.
  private mutating func passOver(_ standing: ImportServer.Standing) throws {
    var fingerprint = ImportFingerprint.ofNothing
    var count = 0
    while count < standing.rows, let row = try rows.next() {
      fingerprint = fingerprint.adding(row.fingerprint)
      count += 1
      if count % Importer.passedOverNote == 0 { show?(ImportMeter(rows: count, isPassingOver: true)) }
    }
    guard count == standing.rows, fingerprint == standing.fingerprint else {
      throw ImportError(
        "the import \(server.name) into \(server.table) stands at row \(standing.rows), and the rows of this file up to there "
          + (count < standing.rows ? "are only \(count)" : "are not those that were imported")
          + ": give an import of its own a name with --name, or begin again with --again")
    }
  }

  /// Sends what is left of the file; the answer is where the import stands then. A row that cannot be read ends it after the rows before.
  private mutating func send(
    _ standing: ImportServer.Standing, _ started: ContinuousClock.Instant
  ) async throws -> ImportServer.Standing {
    let server = server
    var meter = Meter(rows.file, started: started, rowsBefore: standing.rows, show: show)
    return try await withThrowingTaskGroup(of: ImportServer.Standing.self) { group in
      var last = standing
      var inFlight = 0
      var number = standing.batch
      var rowsBefore = standing.rows
      var failure: (any Error)?
      while true {
        number += 1
        var batch = ImportBatch(
          server, tableID: standing.tableID, number: number, rowsBefore: rowsBefore, liftsTimes: liftsTimes)
        do {
          while !batch.isFull, let row = try rows.next() { batch.add(row) }
        } catch {
          failure = error
        }
        if batch.rows > 0 {
          let whole = batch
          group.addTask { try await Importer.apply(whole, server) }
          inFlight += 1
          rowsBefore += batch.rows
        }
        let isAtEnd = failure != nil || !batch.isFull
        while inFlight > (isAtEnd ? 0 : Importer.inFlightMax - 1), let one = try await group.next() {
          inFlight -= 1
          if one.rows > last.rows { last = one }
          meter.show(last.rows)
        }
        if isAtEnd { break }
      }
      if let failure { throw failure }
      return last
    }
  }

  private static func apply(_ batch: ImportBatch, _ server: ImportServer) async throws -> ImportServer.Standing {
    do {
      return try await server.apply(batch)
    } catch let error as ClientError {
      if let row = error.row { throw Refusal(batch: batch, row: row, error: error) }
      throw ImportError("lines \(batch.line(of: 0) ?? 0) to \(batch.line(of: batch.rows - 1) ?? 0): \(error)")
    }
  }

  /// Imports the rows before the refused one, and says which line it is. A row among them may be refused then: its times are looked at only
  /// when every item is one.
  private func explained(_ refusal: Refusal) async throws -> ImportError {
    var refusal = refusal
    while refusal.row > 0 {
      do {
        _ = try await Importer.apply(refusal.batch.cut(before: refusal.row), server)
        break
      } catch let earlier as Refusal {
        refusal = earlier
      }
    }
    return ImportError("line \(refusal.batch.line(of: refusal.row) ?? 0): \(refusal.error)")
  }

  /// Says when progress is to be shown, and makes it.
  private struct Meter {
    private let file: ImportFile
    private let started: ContinuousClock.Instant
    private let show: ((ImportMeter) -> Void)?
    private let rowsBefore: Int
    private let readBefore: Double
    private var next: ContinuousClock.Instant

    init(
      _ file: ImportFile, started: ContinuousClock.Instant, rowsBefore: Int, show: ((ImportMeter) -> Void)?
    ) {
      (self.file, self.started, self.show, self.rowsBefore) = (file, started, show, rowsBefore)
      readBefore = file.fractionRead
      next = started
    }

    mutating func show(_ rows: Int) {
      guard let show, ContinuousClock.now >= next else { return }
      next = ContinuousClock.now + Importer.meterInterval
      let seconds = Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000
      let read = readBefore < 1 ? (file.fractionRead - readBefore) / (1 - readBefore) : 1
      show(ImportMeter(read: read, rows: rows - rowsBefore, seconds: seconds))
    }
  }
}

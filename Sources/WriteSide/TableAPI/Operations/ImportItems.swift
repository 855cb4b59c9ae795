internal import ChangeRecords
internal import DynamoModel
internal import TableStore

/// Our own operation, for `afterimage table import`: puts many items, in order, each once, however often they are sent.
///
/// Request, at most `requestBytesMax` bytes: TableName; Import, a name of the client's choice; Batch, 1 for the first rows of the import, 2 for those
/// that follow; Rows, each with its Item and, for a table with a history clock, its Time in milliseconds. With TableId the table must be that one,
/// with RowsBefore so many rows must be applied before these. With Lift a time before that of the row before, or before the table's clock, becomes that one instead of being refused.
///
/// Batches are applied in the order of their numbers, each as one write together with the import's progress (several writes only when more than 1,000
/// TTL removals are due among its rows). One that comes before its predecessor waits for it, at most 10 s, and is then refused with
/// ImportOutOfStepException. One that is applied already is answered as such and not applied again; ImportMismatchException says that it was
/// applied with other rows, or follows others than it says. A row that is refused gives the error of a PutItem with Row, its place from 0, and then nothing of the batch, and of those
/// after it, is applied.
///
/// The progress belongs to one life of the table: of one that was deleted and created again the import has not begun, and a batch that names the old
/// TableId, or was on its way meanwhile, is refused with ResourceNotFoundException. A table whose history ends takes no more rows with times.
///
/// Other writes wait while a batch is applied, about 10 ms for each 1,000 rows: so our own client sends batches of 1 MB.
///
/// Answer: TableId, Clock, and how far the import got: Batch (the last that is applied), Rows (of all these batches), Lifted, Fingerprint
/// (`ImportFingerprint`). Without Batch and Rows nothing is applied and that alone is answered; with Forget the import is forgotten first.
enum ImportItems {
  static let requestBytesMax = 16 << 20

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let bytes = call.bytes
    guard bytes.count <= requestBytesMax else {
      throw .validation("A request of ImportItems has at most \(requestBytesMax) bytes: \(bytes.count)")
    }
    guard call.times.isEmpty else {
      throw .validation("ImportItems takes no header x-afterimage-time: each row brings its Time")
    }
    return .handed { answer in
      let desk = call.api.imports
      let leaving: Outcome.Answering = { result in
        desk.leave(bytes: bytes.count)
        answer(result)
      }
      let isTaken = desk.enter(bytes: bytes.count) {
        do throws(DynamoError) {
          try take(try ImportRequest(bytes), call, leaving)
        } catch {
          leaving(.failure(error))
        }
      }
      if !isTaken { answer(.failure(DynamoError(.serviceUnavailable, "Too many batches of imports are in hand: try again"))) }
    }
  }

  private static func take(_ request: ImportRequest, _ call: Call, _ answer: @escaping Outcome.Answering) throws(DynamoError) {
    var constraints = Constraints()
    constraints.name(request.table, at: "tableName")
    constraints.required(request.name != nil, at: "import")
    if request.rows != nil { constraints.required(request.number != nil, at: "batch") }
    if request.number != nil, !request.forgets { constraints.required(request.rows != nil, at: "rows") }
    constraints.range(request.number, ModelBounds(min: 1, max: .max), at: "batch")
    constraints.range(request.rowsBefore, ModelBounds(min: 0, max: .max), at: "rowsBefore")
    try constraints.check()
    let name = request.name ?? ""
    guard (1...ImportBatch.nameBytesMax).contains(name.utf8.count) else {
      throw .validation("Import is a name of 1 to \(ImportBatch.nameBytesMax) bytes")
    }
    let table = try call.table(request.table ?? "")
    if let wanted = request.tableID, wanted != "\(table.description.tableID)" {
      throw DynamoError(
        .resourceNotFound,
        "Table \(table.definition.name) was deleted and created again: its id is \(table.description.tableID), not \(wanted)")
    }
    guard let number = request.number, let rows = request.rows else {
      if request.forgets { try call.store.forgetImport(table, name) }
      return answer(.success(.init(body: body(table, try call.store.importProgress(table, name)))))
    }
    guard !request.forgets else { throw .validation("Forget comes without Rows") }
    guard !rows.isEmpty else { throw .validation("Rows must have at least one row") }
    let batch = ImportBatch(
      table: table, name: name, number: number, rowsBefore: request.rowsBefore, liftsTimes: request.lifts,
      rows: try ready(rows, table))
    call.api.imports.take(batch, table) { result in
      answer(result.map { .init(body: body(table, $0.progress), positions: $0.positions) })
    }
  }

  private static func ready(_ rows: [ImportRequest.Row], _ table: TableHandle) throws(DynamoError) -> [ImportRow] {
    var ready: [ImportRow] = []
    ready.reserveCapacity(rows.count)
    for (place, row) in rows.enumerated() {
      do throws(DynamoError) {
        if let time = row.time, !(0...CommitTime.millisecondsMax).contains(time) {
          throw .validation("Time is milliseconds from 1970 to the end of the year 9999: \(time)")
        }
        ready.append(try table.importRow(row.item, at: row.time.map { LogTime(rawValue: $0) }))
      } catch {
        throw error.ofRow(place)
      }
    }
    return ready
  }

  private static func body(_ table: TableHandle, _ progress: ImportProgress) -> [UInt8] {
    Outcome.object { writer in
      writer.member("TableId", table.description.tableID.description)
      writer.member("Clock", table.description.clock.rawValue)
      writer.member("Batch", progress.batch)
      writer.member("Rows", progress.rows)
      writer.member("Lifted", progress.lifted)
      writer.member("Fingerprint", progress.fingerprint.description)
    }
  }
}

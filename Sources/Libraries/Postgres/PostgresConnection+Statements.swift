internal import CLibPQ
internal import Glibc

/// A statement and its parameters, `$1` and so on.
package struct PostgresQuery: Sendable {
  package let sql: String
  package let values: [PostgresValue]

  /// Parameters in the order of their numbers.
  package init(_ sql: String, _ values: [PostgresValue] = []) {
    self.sql = sql
    self.values = values
  }
}

extension PostgresConnection {
  /// Runs one or more statements without parameters and throws their rows away.
  package func execute(_ sql: String) throws(PostgresError) {
    try flush()
    _ = try simple(sql)
  }

  /// The last result of a text of statements; its columns are text.
  @discardableResult
  func simple(_ sql: String) throws(PostgresError) -> PostgresResult {
    let connection = try open()
    statementsSent += 1
    roundTrips += 1
    guard PQsendQuery(connection, sql) == 1 else { throw .current(connection, nil, sql: sql) }
    var last: PostgresResult?
    var failure: PostgresError?
    while let result = try next(sql) {
      switch PQresultStatus(result) {
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: last = PostgresResult(result)
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        PQclear(result)
        // A copy cannot be left but by the end of the connection.
        close()
        throw PostgresError(kind: .refuse, message: "COPY is not for this call", sql: sql)
      default:
        failure = failure ?? .current(connection, result, sql: sql)
        PQclear(result)
      }
    }
    if let failure { throw failure }
    guard let last else { throw .current(connection, nil, sql: sql) }
    return last
  }

  /// Runs a statement, prepared once for the connection. Parameters and columns are in binary form.
  @discardableResult
  package func run(_ sql: String, _ values: PostgresValue...) throws(PostgresError) -> PostgresResult {
    try run([PostgresQuery(sql, values)])[0]
  }

  /// Runs statements one after the other in one round trip; the results in their order. After one that fails none is run, and its error is thrown:
  /// outside of a transaction nothing of them has taken place then. Those that wait go before them.
  package func run(_ queries: [PostgresQuery]) throws(PostgresError) -> [PostgresResult] {
    let before = waiting
    forgetWaiting()
    let results = try roundTrip(before.map(\.query) + queries)
    for (waited, result) in zip(before, results) { waited.take?(result) }
    return Array(results.dropFirst(before.count))
  }

  /// Within a transaction: has a statement go with the next round trip, before what that is for, and at the latest with the commit. `take` gets its rows
  /// then. Where it fails that round trip fails. Of what waits at most `waitingBytesMax` are kept.
  package func later(_ query: PostgresQuery, _ take: ((PostgresResult) -> Void)? = nil) throws(PostgresError) {
    waiting.append((query, take))
    waitingBytes += query.values.reduce(0) { $0 + ($1.bytes?.count ?? 0) }
    if waitingBytes > PostgresConnection.waitingBytesMax { try flush() }
  }

  /// Parameters of statements that wait.
  static let waitingBytesMax = 8 << 20

  /// Sends what waits.
  package func flush() throws(PostgresError) { if !waiting.isEmpty { _ = try run([]) } }

  func forgetWaiting() {
    waiting = []
    waitingBytes = 0
  }

  private func roundTrip(_ queries: [PostgresQuery]) throws(PostgresError) -> [PostgresResult] {
    if queries.isEmpty { return [] }
    let connection = try open()
    if prepared.count + queries.count > PostgresConnection.preparedMax { try forgetStatements() }
    roundTrips += 1
    guard PQenterPipelineMode(connection) == 1 else { throw .current(connection, nil, sql: nil) }
    var expected: [Expected] = []
    do throws(PostgresError) {
      for query in queries {
        if prepared[query.sql] == nil {
          try sendPrepare(query)
          expected.append(.prepared(query.sql))
        }
        try send(query)
        expected.append(.rows(query.sql))
      }
      guard PQpipelineSync(connection) == 1 else { throw PostgresError.current(connection, nil, sql: nil) }
    } catch {
      // Half a round trip cannot be taken back.
      close()
      throw error.with(kind: .lost)
    }
    return try collect(expected)
  }

  private enum Expected {
    case prepared(String)
    case rows(String)
  }

  private func sendPrepare(_ query: PostgresQuery) throws(PostgresError) {
    let connection = try open()
    preparedCount += 1
    let name = "a\(preparedCount)"
    let sent = query.values.map(\.type).withUnsafeBufferPointer { types in
      PQsendPrepare(connection, name, query.sql, Int32(clamping: types.count), types.baseAddress)
    }
    guard sent == 1 else { throw .current(connection, nil, sql: query.sql) }
    // For a second use in the same round trip.
    prepared[query.sql] = name
  }

  private func send(_ query: PostgresQuery, columns: PostgresColumns = .binary) throws(PostgresError) {
    let connection = try open()
    let name = prepared[query.sql] ?? ""
    statementsSent += 1
    let sent = PostgresConnection.withParameters(query.values) { pointers, lengths, formats in
      PQsendQueryPrepared(
        connection, name, Int32(clamping: query.values.count), pointers, lengths, formats, columns == .binary ? 1 : 0)
    }
    guard sent == 1 else { throw .current(connection, nil, sql: query.sql) }
  }

  /// The parameters as libpq takes them, all in binary form.
  private static func withParameters(
    _ values: [PostgresValue],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Int32
  ) -> Int32 {
    let lengths = values.map { Int32(clamping: $0.bytes?.count ?? 0) }
    let formats = [Int32](repeating: 1, count: values.count)
    var pointers: [UnsafePointer<CChar>?] = []
    pointers.reserveCapacity(values.count)
    // Each array stays where it is only within its own closure.
    func pin(_ index: Int) -> Int32 {
      guard index < values.count else {
        return pointers.withUnsafeBufferPointer { pointers in
          lengths.withUnsafeBufferPointer { lengths in
            formats.withUnsafeBufferPointer { body(pointers.baseAddress, lengths.baseAddress, $0.baseAddress) }
          }
        }
      }
      guard let bytes = values[index].bytes else {
        pointers.append(nil)
        return pin(index + 1)
      }
      return bytes.withUnsafeBytes { raw in
        // An empty array has no address, and none would be null.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1) { empty in
          pointers.append(
            raw.count == 0
              ? UnsafePointer(empty.baseAddress) : raw.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) })
          return pin(index + 1)
        }
      }
    }
    return pin(0)
  }

  /// Reads what a round trip gives, to its end, and leaves pipeline mode.
  private func collect(_ expected: [Expected]) throws(PostgresError) -> [PostgresResult] {
    let connection = try open()
    var results: [PostgresResult] = []
    var failure: PostgresError?
    for command in expected {
      let sql =
        switch command {
        case .prepared(let sql), .rows(let sql): sql
        }
      guard let result = try next(sql) else {
        failure = failure ?? .current(connection, nil, sql: sql)
        continue
      }
      let isFine = [PGRES_TUPLES_OK, PGRES_COMMAND_OK].contains(PQresultStatus(result))
      if !isFine, failure == nil { failure = .current(connection, result, sql: sql) }
      switch command {
      case .prepared(let sql):
        if !isFine { prepared[sql] = nil }
        PQclear(result)
      case .rows: if isFine { results.append(PostgresResult(result)) } else { PQclear(result) }
      }
      // The end of the command's results.
      while let more = try next(sql) { PQclear(more) }
      if isBroken { break }
    }
    if !isBroken, let sync = try next(nil) { PQclear(sync) }
    if !isBroken, PQexitPipelineMode(connection) != 1 { failure = failure ?? .current(connection, nil, sql: nil) }
    if let failure { throw failure }
    return results
  }

  /// Gives all prepared statements back.
  private func forgetStatements() throws(PostgresError) {
    prepared = [:]
    _ = try simple("DEALLOCATE ALL")
  }

  /// The next result; nil at the end of a command's. Waits for the server, and goes on sending what it was not yet given.
  func next(_ sql: String?) throws(PostgresError) -> OpaquePointer? {
    let connection = try open()
    while true {
      let isUnsent = PQflush(connection)
      if isUnsent < 0 || isBroken { return PQgetResult(connection) }
      if isUnsent == 0, PQisBusy(connection) == 0 { return PQgetResult(connection) }
      var socket = pollfd(fd: PQsocket(connection), events: Int16(isUnsent == 1 ? POLLIN | POLLOUT : POLLIN), revents: 0)
      if poll(&socket, 1, -1) < 0, errno != EINTR {
        throw PostgresError(kind: .lost, message: String(cString: strerror(errno)), sql: sql)
      }
      if socket.revents & Int16(POLLIN | POLLERR | POLLHUP) != 0, PQconsumeInput(connection) == 0 {
        // The error is in the next result.
        return PQgetResult(connection)
      }
    }
  }

  /// Runs a statement and hands its rows over as they come, each in a result of its own. What `row` throws ends it: the statement is cancelled.
  package func forEach(
    _ query: PostgresQuery, columns: PostgresColumns = .binary, row: (PostgresResult) throws -> Void
  ) throws {
    try flush()
    let connection = try open()
    roundTrips += 1
    if prepared[query.sql] == nil {
      try sendPrepare(query)
      var failure: PostgresError?
      while let result = try next(query.sql) {
        if PQresultStatus(result) != PGRES_COMMAND_OK { failure = failure ?? .current(connection, result, sql: query.sql) }
        PQclear(result)
      }
      if let failure {
        prepared[query.sql] = nil
        throw failure
      }
    }
    // In pipeline mode, at whose end libpq forgets that rows are wanted one by one; outside of it, it would go on so with the next round trip.
    guard PQenterPipelineMode(connection) == 1 else { throw PostgresError.current(connection, nil, sql: query.sql) }
    do throws(PostgresError) {
      try send(query, columns: columns)
      PQsetSingleRowMode(connection)
      guard PQpipelineSync(connection) == 1 else { throw PostgresError.current(connection, nil, sql: query.sql) }
    } catch {
      close()
      throw error.with(kind: .lost)
    }
    var failure: (any Error)?
    while let result = try next(query.sql) {
      switch PQresultStatus(result) {
      case PGRES_SINGLE_TUPLE:
        let one = PostgresResult(result)
        if failure != nil { continue }
        do {
          try row(one)
        } catch {
          failure = error
          cancellation.cancel()
        }
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK: PQclear(result)
      default:
        failure = failure ?? PostgresError.current(connection, result, sql: query.sql)
        PQclear(result)
      }
      if isBroken { break }
    }
    if !isBroken, let sync = try next(nil) { PQclear(sync) }
    if !isBroken, PQexitPipelineMode(connection) != 1 { failure = failure ?? PostgresError.current(connection, nil, sql: nil) }
    if let failure { throw failure }
  }
}

/// The form in which columns come.
package enum PostgresColumns: Sendable {
  case binary
  /// As people read it.
  case text
}

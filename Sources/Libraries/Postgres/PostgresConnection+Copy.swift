internal import CLibPQ
internal import Glibc

extension PostgresConnection {
  /// Hands over the rows of a query without parameters as they come, by COPY: for whole tables, of which a row costs less so than by `forEach`. The result
  /// that `row` gets has one row, columns in binary form without names and types, and holds it during the call only. What `row` throws ends it: the
  /// statement is cancelled.
  package func copy(_ sql: String, row: (PostgresResult) throws -> Void) throws {
    try flush()
    let connection = try open()
    statementsSent += 1
    roundTrips += 1
    guard PQsendQuery(connection, "COPY (\(sql)) TO STDOUT (FORMAT binary)") == 1 else {
      throw PostgresError.current(connection, nil, sql: sql)
    }
    let copied = CopiedRow()
    let result = PostgresResult(copied)
    var failure: (any Error)?
    while let answer = try next(sql) {
      let status = PQresultStatus(answer)
      if status != PGRES_COPY_OUT {
        if status != PGRES_COMMAND_OK { failure = failure ?? PostgresError.current(connection, answer, sql: sql) }
        PQclear(answer)
        if isBroken { break }
        continue
      }
      PQclear(answer)
      while let message = try nextCopied(connection, sql) {
        defer { PQfreemem(UnsafeMutableRawPointer(mutating: message.baseAddress)) }
        if failure != nil { continue }
        do {
          if try copied.take(message) { try row(result) }
        } catch {
          failure = error
          cancellation.cancel()
        }
      }
    }
    if let failure { throw failure }
  }

  /// The next message of a copy, to be freed; nil at its end, and where the next result has an error.
  private func nextCopied(_ connection: OpaquePointer, _ sql: String) throws(PostgresError) -> UnsafeRawBufferPointer? {
    while true {
      var message: UnsafeMutablePointer<CChar>?
      let count = PQgetCopyData(connection, &message, 1)
      if count != 0 { return count < 0 ? nil : UnsafeRawBufferPointer(start: message, count: Int(count)) }
      var socket = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
      if poll(&socket, 1, -1) < 0, errno != EINTR {
        throw PostgresError(kind: .lost, message: String(cString: strerror(errno)), sql: sql)
      }
      if socket.revents != 0, PQconsumeInput(connection) == 0 { return nil }
    }
  }
}

/// One row of a copy in binary form, in the message that it came in.
final class CopiedRow {
  private var message = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Where each column stands in the message; nil for null.
  private(set) var columns: [Range<Int>?] = []
  private var hasBegun = false

  /// What a copy begins with: a signature of 11 bytes, flags, and the length of what follows them.
  private static let signature: [UInt8] = [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00]

  /// Takes a message, which must stay as long as the row is read; false where it has no row.
  func take(_ message: UnsafeRawBufferPointer) throws(PostgresError) -> Bool {
    self.message = message
    columns.removeAll(keepingCapacity: true)
    var place = 0
    if !hasBegun {
      hasBegun = true
      guard message.count >= 19, message.starts(with: CopiedRow.signature) else { throw CopiedRow.isUnreadable }
      place = 19 + Int(try number(at: 15, as: UInt32.self))
    }
    // The beginning may come alone.
    if place == message.count { return false }
    let count = try number(at: place, as: Int16.self)
    place += 2
    // The end.
    if count == -1 { return false }
    for _ in 0..<Int(count) {
      let length = try number(at: place, as: Int32.self)
      place += 4
      guard length >= 0 else {
        columns.append(nil)
        continue
      }
      guard Int(length) <= message.count - place else { throw CopiedRow.isUnreadable }
      columns.append(place..<(place + Int(length)))
      place += Int(length)
    }
    guard place == message.count, count >= 0 else { throw CopiedRow.isUnreadable }
    return true
  }

  func bytes(_ column: Int) -> UnsafeRawBufferPointer? {
    guard columns.indices.contains(column), let range = columns[column] else { return nil }
    return UnsafeRawBufferPointer(rebasing: message[range])
  }

  private func number<Number: FixedWidthInteger>(at place: Int, as type: Number.Type) throws(PostgresError) -> Number {
    guard place + MemoryLayout<Number>.size <= message.count else { throw CopiedRow.isUnreadable }
    return Number(bigEndian: message.loadUnaligned(fromByteOffset: place, as: Number.self))
  }

  private static let isUnreadable = PostgresError(kind: .refuse, message: "the server's copy cannot be read")
}

internal import DynamoModel
internal import Dispatch
internal import Expressions
package import HTTPServer
package import TableStore

/// The DynamoDB protocol over HTTP, for one table store. `handle` is an HTTP server's handler.
///
/// Reads are answered on the server's thread; a write is handed to the store's committer, whose thread answers it; what
/// changes tables runs on a queue of its own, one after the other.
package final class TableAPI: Sendable {
  package struct Settings: Sendable {
    /// Log partitions of a table whose CreateTable does not name a number.
    package var partitionsDefault: Int

    package init(partitionsDefault: Int = 1) { self.partitionsDefault = partitionsDefault }
  }

  let store: TableStore
  let settings: Settings
  let expressions = ExpressionCache()
  private let control = DispatchQueue(label: "afterimage.table-api.control")
  private let requestIDs = RequestIDs()

  package init(store: TableStore, settings: Settings = Settings()) {
    self.store = store
    self.settings = settings
  }

  package func handle(_ request: borrowing HTTPRequest, _ responder: Responder) {
    let reply = Reply(responder, requestID: requestIDs.next())
    guard request.method == "POST" else {
      if request.method == "GET", request.path == "/" {
        reply.healthy(host: request.header("Host") ?? "localhost")
      } else {
        reply.notFound()
      }
      return
    }
    guard RequestTarget.takes(contentType: request.header("Content-Type")) else {
      reply.notFound()
      return
    }
    do throws(DynamoError) {
      let operation = try RequestTarget.operation(request.header("X-Amz-Target"))
      try Authorization.check(request)
      let times = try CommitTime.all(request.header("x-afterimage-time"))
      let call = Call(api: self, body: try RequestBody(request.body), times: times, host: request.header("Host") ?? "localhost")
      perform(try operation(call), reply)
    } catch {
      reply.failure(error)
    }
  }

  private func perform(_ outcome: Outcome, _ reply: Reply) {
    switch outcome {
    case .answer(let body): reply.success(body)
    case .control(let work):
      control.async {
        do throws(DynamoError) {
          reply.success(try work())
        } catch {
          reply.failure(error)
        }
      }
    case .later(let work):
      Task {
        do throws(DynamoError) {
          reply.success(try await work())
        } catch {
          reply.failure(error)
        }
      }
    case .write(let transaction, let encode):
      store.write(transaction) { result in
        switch result {
        case .success(let results): reply.success(encode(results), positions: results.compactMap(\.position))
        case .failure(let error): reply.failure(error)
        }
      }
    }
  }
}

/// One request on its way to an operation.
struct Call {
  let api: TableAPI
  let body: RequestBody
  /// The commit times that the request brings, for tables with a history clock: one, or one for each write of a batch.
  let times: [Int64]
  let host: String

  var store: TableStore { api.store }

  /// The table for an operation on data.
  func table(_ name: String) throws(DynamoError) -> TableHandle {
    guard let table = store.table(name) else { throw DynamoError(.resourceNotFound, "Requested resource not found") }
    return table
  }

  /// The table for an operation on the table itself.
  func controlTable(_ name: String) throws(DynamoError) -> TableHandle {
    guard let table = store.table(name) else {
      throw DynamoError(.resourceNotFound, "Requested resource not found: Table: \(name) not found")
    }
    return table
  }
}

/// What an operation makes of a call.
enum Outcome {
  case answer([UInt8])
  /// Answered by the committer, which calls the closure with a result for each action.
  case write(WriteTransaction, @Sendable ([WriteResult]) -> [UInt8])
  /// Done on the control queue: it waits for the committer.
  case control(@Sendable () throws(DynamoError) -> [UInt8])

  /// Waits for something without holding a thread.
  case later(@Sendable () async throws(DynamoError) -> [UInt8])

  static let empty = Array("{}".utf8)

  /// An object that `write` fills.
  static func object(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    write(&writer)
    writer.endObject()
    return writer.bytes
  }
}

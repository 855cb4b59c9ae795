internal import AccessKeys
internal import ChangeRecords
package import DynamoModel
internal import Dispatch
internal import Expressions
package import HTTPServer
internal import Synchronization
package import TableStore

/// The DynamoDB protocol over HTTP, for one table store. `handle` is an HTTP server's handler.
///
/// Reads are answered on the server's thread; a write is handed to the store's committer, and its answer is written on the connection's thread; what
/// changes tables runs on a queue of its own, one after the other.
package final class TableAPI: Sendable {
  package struct Settings: Sendable {
    /// Log partitions of a table whose CreateTable does not name a number.
    package var partitionsDefault: Int
    /// Who may call; nil takes any signature, which is for servers that listen on loopback only.
    package var access: AccessControl?
    /// Under which names the server may be asked; nil takes any.
    package var hosts: HostRules?
    /// Which pages may call from a browser.
    package var origins: OriginRules

    package init(
      partitionsDefault: Int = 1, access: AccessControl? = nil, hosts: HostRules? = nil, origins: OriginRules = .everyone
    ) {
      self.partitionsDefault = partitionsDefault
      self.access = access
      self.hosts = hosts
      self.origins = origins
    }
  }

  let store: TableStore
  let settings: Settings
  let expressions = ExpressionCache()
  private let control = DispatchQueue(label: "afterimage.table-api.control")
  /// Verifications, one after the other: each walks a whole table.
  let verifications = DispatchQueue(label: "afterimage.table-api.verifications", qos: .utility)
  let imports: ImportDesk
  private let requestIDs = RequestIDs()
  /// The Authorization header of a whole signature, up to its digits.
  private let knownSignature = Mutex<[UInt8]>([])
  /// The Host header that was allowed last.
  private let knownHost = Mutex<String?>(nil)

  package init(store: TableStore, settings: Settings = Settings()) {
    self.store = store
    self.settings = settings
    imports = ImportDesk(store: store)
  }

  /// The answer to a request whose head is larger than the listener takes, which never comes to `handle`.
  package func headTooLarge() -> HTTPResponse { Reply.headTooLarge(requestID: requestIDs.next()) }

  /// Answers one request, exactly once: at once, or from another thread when it waits for the committer or works long.
  /// Checks the host and the origin, then the target, the signature, and only then the body.
  package func handle(_ request: borrowing HTTPRequest, _ responder: Responder) {
    let reply = Reply(request, responder, requestID: requestIDs.next(), origins: settings.origins)
    // Before anything is done: a browser sends some requests of foreign pages without asking.
    if let hosts = settings.hosts, let refusal = refusal(of: request.header("Host"), by: hosts) {
      return reply.forbidden(refusal)
    }
    if let origin = request.header("Origin"), !settings.origins.allows(origin) {
      return reply.forbidden(OriginRules.refusal(origin))
    }
    guard request.method == "POST" else {
      switch request.method {
      case "GET" where request.path == "/", "HEAD" where request.path == "/":
        reply.healthy(host: request.header("Host") ?? "localhost")
      case "OPTIONS":
        reply.preflight(
          method: request.header("Access-Control-Request-Method"), headers: request.header("Access-Control-Request-Headers"))
      default: reply.notFound()
      }
      return
    }
    guard ContentTypes.takes(request.header("Content-Type")) else {
      reply.notFound()
      return
    }
    do throws(DynamoError) {
      let operation = try OperationRegistry.operation(request.header("X-Amz-Target"))
      let key = try authenticate(request)
      let times = try CommitTime.all(request.header("x-afterimage-time"))
      let call = Call(
        api: self, operation: operation, key: key, bytes: request.body,
        body: operation.readsBytes ? try .empty : try RequestBody(request.body), times: times,
        host: request.header("Host") ?? "localhost")
      perform(try operation.run(call), reply)
    } catch {
      reply.failure(error)
    }
  }

  /// Why a host is not answered; nil when it is. A program asks by one name, which is looked at once.
  private func refusal(of host: String?, by hosts: HostRules) -> String? {
    if let host, knownHost.withLock({ $0 == host }) { return nil }
    guard hosts.allows(host) else { return HostRules.refusal(host ?? "") }
    if let host { knownHost.withLock { $0 = host } }
    return nil
  }

  /// The key that the request is signed with; nil without configured keys, where a signature must be there and whole only.
  private func authenticate(_ request: borrowing HTTPRequest) throws(DynamoError) -> AccessKey? {
    if let access = settings.access { return try access.authenticate(request, now: store.now) }
    // A program's requests differ in what stands after `Signature=`: what stands before it is looked at once.
    let header = request.header("Authorization") ?? ""
    let known = knownSignature.withLock { $0 }
    if !known.isEmpty, RequestSignature.isWhole(header, after: known), request.header("X-Amz-Date") != nil, request.query.isEmpty
    {
      return nil
    }
    _ = try RequestSignature(request)
    if let start = RequestSignature.start(header) { knownSignature.withLock { $0 = start } }
    return nil
  }

  /// The id of the key that a request is signed with, nil without configured keys; throws what the request would be refused with.
  package func signer(of request: borrowing HTTPRequest) throws(DynamoError) -> String? { try authenticate(request)?.id }

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
    case .handed(let work):
      work { result in
        switch result {
        case .success(let answer): reply.success(answer.body, positions: answer.positions)
        case .failure(let error): reply.failure(error)
        }
      }
    case .write(let transaction, let encode):
      store.write(transaction) { result in
        switch result {
        case .success(let results): reply.success(positions: results.compactMap(\.position)) { encode(results) }
        case .failure(let error): reply.failure(error)
        }
      }
    }
  }
}

/// One request on its way to an operation.
struct Call {
  let api: TableAPI
  let operation: Operation
  /// Who calls; nil when the server has no keys.
  let key: AccessKey?
  /// The body as it came.
  let bytes: [UInt8]
  /// The same as an object; an empty one for an operation that reads the bytes by itself.
  let body: RequestBody
  /// The commit times that the request brings, for tables with a history clock: one, or one for each write of a batch.
  let times: [LogTime]
  let host: String

  var store: TableStore { api.store }

  /// Throws unless the caller may do this to the table: what its operation does unless said otherwise.
  func authorize(_ table: String, _ kind: AccessKind? = nil) throws(DynamoError) {
    guard let key, let wanted = kind ?? operation.access, !key.allows(wanted, table) else { return }
    throw accessDenied(TableDescription.arn(table), because: "no rule of the key allows \(wanted.rawValue) access")
  }

  private func accessDenied(_ resource: String, because reason: String) -> DynamoError {
    DynamoError(
      .accessDenied,
      "User: \(key?.id ?? "anonymous") is not authorized to perform: dynamodb:\(operation.name) on resource: \(resource) because "
        + reason)
  }

  /// Throws unless the caller may do everything to every table: for what concerns the server as a whole.
  func authorizeServer() throws(DynamoError) {
    guard let key, !key.allowsEverything else { return }
    throw DynamoError(
      .accessDenied,
      "User: \(key.id) is not authorized to perform: \(operation.name), because no rule of the key allows admin access to all tables"
    )
  }

  /// Whether the caller may see that the table exists.
  func sees(_ table: String) -> Bool {
    guard let key else { return true }
    return AccessKind.allCases.contains { key.allows($0, table) }
  }

  /// The table for an operation on data.
  func table(_ name: String, _ kind: AccessKind? = nil) throws(DynamoError) -> TableHandle {
    try authorize(name, kind)
    guard let table = store.table(name), table.isOpen else {
      throw DynamoError(.resourceNotFound, "Requested resource not found")
    }
    return table
  }

  /// The table for an operation on the table itself.
  func controlTable(_ name: String) throws(DynamoError) -> TableHandle {
    try authorize(name)
    guard let table = store.table(name) else {
      throw DynamoError(.resourceNotFound, "Requested resource not found: Table: \(name) not found")
    }
    return table
  }

  /// The table for an operation that changes the table itself, which must not be in the making.
  func changeableTable(_ name: String) throws(DynamoError) -> TableHandle {
    let table = try controlTable(name)
    guard !store.isFilling(table) else {
      throw DynamoError(
        .resourceInUse, "Attempt to change a resource which is still in use: Table is being created: \(name)")
    }
    return table
  }

  /// The table for an operation on its backups, whose errors are others.
  func backedTable(_ name: String) throws(DynamoError) -> TableHandle {
    try authorize(name)
    guard let table = store.table(name), table.isOpen else { throw DynamoError(.tableNotFound, "Table not found: \(name)") }
    return table
  }

  /// Throws when an ARN that names a table, or a part of one, is of another account.
  func checkAccount(_ arn: String?) throws(DynamoError) {
    guard let arn, ResourceARN.isForeign(arn) else { return }
    throw accessDenied(arn, because: "no resource-based policy allows the dynamodb:\(operation.name) action")
  }

  /// The table for an operation that names it by its ARN.
  func table(arn: String?) throws(DynamoError) -> TableHandle {
    let name = try ResourceARN.table(arn)
    // Of an index or a stream.
    if name.contains("/") { throw ResourceARN.invalid(arn ?? "") }
    try checkAccount(arn)
    try authorize(name)
    guard let table = store.table(name) else { throw ResourceARN.notFound(arn) }
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

  /// Whoever has the work in hand answers, on any thread, once.
  case handed(@Sendable (@escaping Answering) -> Void)

  /// A body, and the positions that the answer's header names.
  struct Answer: Sendable {
    let body: [UInt8]
    var positions: [Position] = []
  }

  typealias Answering = @Sendable (Result<Answer, DynamoError>) -> Void

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

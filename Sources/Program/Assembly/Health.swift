internal import DynamoModel
internal import HTTPServer
internal import Pipelines
internal import Synchronization
internal import TableStore
internal import Workers

/// Whether a process can do what its roles promise, as a value.
///
/// A role is not ready while nothing of it works: the table store refuses writes, every relay, or all lanes of every pipeline stand still, or there is no
/// read model to ask yet. One part that stands still is named, but takes nobody's traffic from the others.
struct Readiness: Sendable, Equatable {
  /// Of the process as a whole.
  enum Phase: Sendable, Equatable { case starting, running, stopping }

  /// The parts of one role: pipelines, relays, the store.
  struct Role: Sendable, Equatable {
    let name: String
    var working = 0
    /// A sentence for each part that stands still.
    var stopped: [String] = []

    var isReady: Bool { working > 0 || stopped.isEmpty }
  }

  var phase: Phase
  var roles: [Role]

  var isReady: Bool { phase == .running && roles.allSatisfy(\.isReady) }

  /// What keeps the process from being ready, in one sentence; empty when it is.
  var waitsFor: String {
    if isReady { return "" }
    let reasons = roles.filter { !$0.isReady }.flatMap(\.stopped)
    return reasons.isEmpty ? "\(phase)" : reasons.joined(separator: "; ")
  }

  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("ready", isReady)
    writer.member("phase", "\(phase)")
    writer.name("roles")
    writer.beginObject()
    for role in roles {
      writer.name(text: role.name)
      writer.beginObject()
      writer.member("ready", role.isReady)
      writer.name("stopped")
      writer.array(role.stopped) { $0.string($1) }
      writer.endObject()
    }
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }
}

/// What a supervisor asks a process, on a port of its own: `/live` (200 while the process answers), `/ready` (200, or 503 with the reasons) and
/// `/metrics` (Prometheus text).
struct HealthRoutes: Sendable {
  let readiness: @Sendable () async -> Readiness
  let metrics: @Sendable () -> String

  func handle(_ request: borrowing HTTPRequest, _ responder: Responder) {
    guard request.method == "GET" || request.method == "HEAD" else {
      return responder.answer(.text(405, "these paths take GET only"))
    }
    switch request.path {
    case "/live": responder.answer(.text(200, "live"))
    case "/ready":
      Task {
        let readiness = await readiness()
        responder.answer(
          HTTPResponse(
            status: readiness.isReady ? 200 : 503, headers: [("Content-Type", "application/json")], body: readiness.json))
      }
    case "/metrics": responder.answer(HTTPResponse(prometheus: metrics()))
    default: responder.answer(.text(404, "/live, /ready and /metrics are here"))
    }
  }
}

/// What a node knows of its parts.
final class NodeHealth: Sendable {
  /// A pipeline that the query role answers for.
  struct Readable: Sendable {
    let pipeline: String
    /// Whether it has a read model to ask.
    let isThere: @Sendable () async -> Bool
  }

  private let roles: Set<NodeSettings.Role>
  private let store: TableStore?
  private let troubles: StoreTroubles
  private let relays: RelayBoard
  private let workers: [PipelineWorker]
  private let readable: [Readable]
  private let state = Mutex(Readiness.Phase.starting)

  init(
    roles: Set<NodeSettings.Role>, store: TableStore?, troubles: StoreTroubles, relays: RelayBoard, workers: [PipelineWorker],
    readable: [Readable]
  ) {
    self.roles = roles
    self.store = store
    self.troubles = troubles
    self.relays = relays
    self.workers = workers
    self.readable = readable
  }

  var phase: Readiness.Phase {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }

  func readiness() async -> Readiness {
    var found: [Readiness.Role] = []
    if let store {
      let trouble = store.clockJump > 0 ? "the machine's clock is ahead of the tables': writes are refused" : troubles.reason
      found.append(.init(name: "table", working: trouble == nil ? 1 : 0, stopped: trouble.map { [$0] } ?? []))
    }
    if roles.contains(.relay) { found.append(.init(name: "relay", working: relays.working, stopped: relays.reasons)) }
    if roles.contains(.worker) {
      var role = Readiness.Role(name: "worker")
      for worker in workers {
        let found = worker.standstill
        if found.isWorking { role.working += 1 }
        role.stopped += found.reasons.map { "\(worker.pipeline.name): \($0)" }
      }
      found.append(role)
    }
    if roles.contains(.query) {
      var role = Readiness.Role(name: "query")
      for readable in readable {
        if await readable.isThere() {
          role.working += 1
        } else {
          role.stopped.append("\(readable.pipeline) has no read model yet")
        }
      }
      found.append(role)
    }
    return Readiness(phase: phase, roles: found)
  }
}

/// Whether the table store takes writes, and what keeps it from that.
final class StoreTroubles: Sendable {
  private let state = Mutex<String?>(nil)

  func note(_ event: StoreEvent) {
    switch event {
    case .writesRefused(let reason), .notRecovered(let reason):
      state.withLock { $0 = "the table store refuses writes: \(reason)" }
    case .writesGoOn: state.withLock { $0 = nil }
    }
  }

  var reason: String? { state.withLock { $0 } }
}

internal import DynamoModel
internal import HTTPServer
internal import Services
internal import Synchronization

/// Server-sent events: the tiles and the state of every pipeline, to all pages that listen, whenever something changed, at most
/// a few times a second. An answer is made once for all listeners, and not at all while nobody listens.
final class EventHub: Service {
  /// The shortest time between two events.
  static let interval = Duration.milliseconds(250)
  static let listenersMax = 1000

  let name = "events"
  private let views: [PipelineView]
  private let changed: Signal
  private let status: @Sendable (String) -> [UInt8]
  /// After so long without a change it looks all the same.
  private let lookInterval: Duration
  private let listeners = Mutex<[Int: Listener]>([:])
  private let nextListener = Mutex(0)
  private let arrived = Signal()
  private let last = Mutex<[String: [UInt8]]>([:])

  /// Whether a pipeline is shown to a listener now, or whether it may listen at all.
  enum Standing: Sendable { case shown, hidden, ended }

  private struct Listener: Sendable {
    let stream: ResponseStream
    let standing: @Sendable (_ pipeline: String) -> Standing
  }

  init(
    views: [PipelineView], changed: Signal, lookInterval: Duration = .seconds(1),
    status: @escaping @Sendable (String) -> [UInt8]
  ) {
    self.views = views
    self.lookInterval = lookInterval
    self.changed = changed
    self.status = status
  }

  /// `standing` says of a pipeline whether the listener may see it, each time that something is sent, and every second whether it may listen at all.
  func subscribe(standing: @escaping @Sendable (_ pipeline: String) -> Standing = { _ in .shown }) -> HTTPResponse {
    let id = nextListener.withLock { next in
      next += 1
      return next
    }
    guard listeners.withLock({ $0.count }) < EventHub.listenersMax else {
      return HTTPResponse(QueryError(.busy, "\(EventHub.listenersMax) pages listen already: try again later"))
    }
    let stream = ResponseStream { [self] in listeners.withLock { _ = $0.removeValue(forKey: id) } }
    listeners.withLock { $0[id] = Listener(stream: stream, standing: standing) }
    last.withLock { $0 = [:] }
    arrived.announce()
    return HTTPResponse(
      headers: [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")], stream: stream)
  }

  func run() async throws {
    // Each pipeline for itself: a slow query of one holds no other's events back.
    await withDiscardingTaskGroup { group in
      for view in views { group.addTask { await self.run(view) } }
      group.addTask { await self.endOthers() }
    }
    let open = listeners.withLock { listeners in
      defer { listeners.removeAll() }
      return listeners.values.map(\.stream)
    }
    for stream in open { stream.finish() }
  }

  private func run(_ view: PipelineView) async {
    while !Task.isCancelled {
      let ticket = changed.ticket
      let arrival = arrived.ticket
      if listeners.withLock({ $0.isEmpty }) {
        await arrived.wait(since: arrival, timeout: .seconds(5))
        continue
      }
      await send("status", status(view.name), view.name)
      let start = ContinuousClock.now
      await send("dashboard", (try? await view.dashboard()) ?? [], view.name)
      // A dashboard of slow queries takes no more than half of one reader.
      // A page that has just come waits neither for that nor for a change.
      try? await Task.sleep(for: EventHub.interval)
      await arrived.wait(since: arrival, timeout: max(.zero, ContinuousClock.now - start - EventHub.interval * 2))
      if arrived.ticket == arrival { await changed.wait(since: ticket, timeout: lookInterval) }
    }
  }

  /// Ends the streams of those who may listen no more.
  private func endOthers() async {
    while !Task.isCancelled {
      let arrival = arrived.ticket
      let all = listeners.withLock { $0 }
      for (id, listener) in all where listener.standing("") == .ended {
        listeners.withLock { _ = $0.removeValue(forKey: id) }
        listener.stream.finish()
      }
      if all.isEmpty { await arrived.wait(since: arrival, timeout: .seconds(5)) } else { try? await Task.sleep(for: .seconds(1)) }
    }
  }

  private func send(_ event: String, _ body: [UInt8], _ pipeline: String) async {
    guard !body.isEmpty else { return }
    let isNew = last.withLock { last in
      let key = "\(event) \(pipeline)"
      if last[key] == body { return false }
      last[key] = body
      return true
    }
    guard isNew else { return }
    let message = Array("event: \(event)\ndata: ".utf8) + body + Array("\n\n".utf8)
    for listener in listeners.withLock({ $0.values.map { $0 } }) where listener.standing(pipeline) == .shown {
      // A page that is too slow misses this event; the next one holds everything again.
      _ = listener.stream.send(message)
    }
  }
}

internal import CMicroHTTPD
internal import Glibc
internal import Services
internal import Synchronization

/// Sees when the other end of a connection sends no more, which libmicrohttpd may miss: it does not look at a suspended connection, and when
/// the end comes together with the last bytes it waits for it until the idle timeout.
///
/// One thread waits with epoll for all connections of a server. A stream is notified that its client has gone. Any other connection is
/// shut for reading, again and again until libmicrohttpd has seen it: a request in hand is still answered, and then the connection closes.
/// The same thread looks every second for requests whose head or body takes longer than it may, and shuts their connections.
final class HangUpWatch: Sendable {
  private struct Connection {
    let number: UInt32
    var stream: ResponseStream?
    var hasHungUp = false
    let progress: RequestProgress
    /// As of the last look: where the request stood, and the bytes that had come by then.
    var mark: UInt64 = 0
    var received: UInt64 = 0
    /// When the first byte of the head, or the beginning of the body, was seen.
    var since: ContinuousClock.Instant?

    init(number: UInt32, progress: RequestProgress) { (self.number, self.progress) = (number, progress) }
  }

  private struct State {
    var poll: Int32 = -1
    var wakeup: Int32 = -1
    var isClosed = false
    var nextNumber: UInt32 = 1
    /// By socket. Libmicrohttpd says that it closes a connection before the socket is closed, so a socket here is the one it was.
    var connections: [Int32: Connection] = [:]
    var hungUp: Set<Int32> = []
    var lookedAt: ContinuousClock.Instant = .now
  }

  /// Between two looks at how far requests have come, in milliseconds.
  private static let lookInterval: Int32 = 1_000
  private let headMax: Duration
  private let bodyMax: Duration

  init(headSecondsMax: Int, bodySecondsMax: Int) {
    (headMax, bodyMax) = (.seconds(headSecondsMax), .seconds(bodySecondsMax))
  }

  /// Between two times that a connection is shut for reading, in milliseconds.
  private static let interval: Int32 = 100

  private let state = Mutex(State())

  func opened(_ socket: Int32, _ progress: RequestProgress) {
    state.withLock { state in
      guard socket >= 0, !state.isClosed, start(&state) else { return }
      state.nextNumber &+= 1
      state.connections[socket] = Connection(number: state.nextNumber, progress: progress)
      var event = epoll_event(
        events: EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue,
        data: epoll_data_t(u64: UInt64(state.nextNumber) << 32 | UInt64(UInt32(bitPattern: socket))))
      epoll_ctl(state.poll, EPOLL_CTL_ADD, socket, &event)
    }
  }

  func closed(_ socket: Int32) {
    state.withLock { state in
      guard state.connections.removeValue(forKey: socket) != nil else { return }
      state.hungUp.remove(socket)
      var event = epoll_event()
      epoll_ctl(state.poll, EPOLL_CTL_DEL, socket, &event)
    }
  }

  /// The connection answers with a stream from now on.
  func add(_ socket: Int32, _ stream: ResponseStream) {
    let hasHungUp = state.withLock { state in
      state.connections[socket]?.stream = stream
      return state.connections[socket]?.hasHungUp == true
    }
    if hasHungUp { stream.clientLeft() }
  }

  func remove(_ stream: ResponseStream) {
    state.withLock { state in
      for (socket, connection) in state.connections where connection.stream === stream { state.connections[socket]?.stream = nil }
    }
  }

  func close() {
    state.withLock { state in
      state.isClosed = true
      if state.wakeup >= 0 {
        var one: UInt64 = 1
        _ = write(state.wakeup, &one, 8)
      }
    }
  }

  private func start(_ state: inout State) -> Bool {
    if state.poll >= 0 { return true }
    let poll = epoll_create1(Int32(EPOLL_CLOEXEC))
    let wakeup = eventfd(0, Int32(EFD_CLOEXEC))
    guard poll >= 0, wakeup >= 0 else { return false }
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: 0))
    epoll_ctl(poll, EPOLL_CTL_ADD, wakeup, &event)
    state.poll = poll
    state.wakeup = wakeup
    // It ends by itself soon after `close`.
    guard (try? OwnedThread("hang-up watch") { [self] in run() }) != nil else {
      (state.poll, state.wakeup) = (-1, -1)
      _ = Glibc.close(poll)
      _ = Glibc.close(wakeup)
      return false
    }
    return true
  }

  private func run() {
    let (poll, wakeup) = state.withLock { ($0.poll, $0.wakeup) }
    var events = [epoll_event](repeating: epoll_event(), count: 64)
    while true {
      let pause = state.withLock { state in
        state.hungUp.isEmpty ? HangUpWatch.lookInterval : HangUpWatch.interval
      }
      let count = epoll_wait(poll, &events, Int32(events.count), pause)
      if count < 0, errno != EINTR { break }
      let streams = events[..<max(0, Int(count))].compactMap { hungUp($0.data.u64) }
      for stream in streams { stream.clientLeft() }
      let isClosed = state.withLock { state in
        look(&state)
        for socket in state.hungUp { shutdown(socket, Int32(SHUT_RD)) }
        return state.isClosed
      }
      if isClosed { break }
    }
    state.withLock { state in
      state.isClosed = true
      state.poll = -1
      state.wakeup = -1
    }
    _ = Glibc.close(poll)
    _ = Glibc.close(wakeup)
  }

  /// Lets go of the connections whose requests take too long.
  private func look(_ state: inout State) {
    let now = ContinuousClock.now
    guard now - state.lookedAt >= .milliseconds(HangUpWatch.lookInterval) else { return }
    state.lookedAt = now
    for (socket, var connection) in state.connections {
      let mark = connection.progress.mark
      let stage = RequestProgress.stage(mark)
      if mark != connection.mark {
        connection.mark = mark
        connection.since = stage == .body ? now : nil
        connection.received = UInt64(mhd_bytes_received(socket))
      } else if stage == .head, connection.since == nil {
        // A connection that is kept and says nothing is libmicrohttpd's to close.
        let received = UInt64(mhd_bytes_received(socket))
        if received != connection.received { connection.since = now }
      }
      if stage != .inHand, let since = connection.since, now - since > (stage == .body ? bodyMax : headMax) {
        state.hungUp.insert(socket)
      }
      state.connections[socket] = connection
    }
  }

  /// Notes it, and answers the stream that is to be notified.
  private func hungUp(_ mark: UInt64) -> ResponseStream? {
    let socket = Int32(truncatingIfNeeded: mark)
    return state.withLock { state in
      guard let connection = state.connections[socket], connection.number == UInt32(mark >> 32) else { return nil }
      state.connections[socket]?.hasHungUp = true
      if connection.stream == nil { state.hungUp.insert(socket) }
      return connection.stream
    }
  }
}

internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// Tells streams that their client has gone. libmicrohttpd does not look at a suspended connection, so one thread waits, with
/// epoll, for the other end of each stream's socket to close. The thread starts with the first stream.
final class StreamWatch: Sendable {
  private struct State {
    var poll: Int32 = -1
    var wakeup: Int32 = -1
    var isClosed = false
    var nextMark: UInt64 = 1
    var streams: [UInt64: ResponseStream] = [:]
    var marks: [ObjectIdentifier: (mark: UInt64, socket: Int32)] = [:]
  }

  private let state = Mutex(State())

  func add(_ socket: Int32, _ stream: ResponseStream) {
    state.withLock { state in
      guard socket >= 0, !state.isClosed, start(&state) else { return }
      let mark = state.nextMark
      state.nextMark += 1
      state.streams[mark] = stream
      state.marks[ObjectIdentifier(stream)] = (mark, socket)
      var event = epoll_event(events: EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue, data: epoll_data_t(u64: mark))
      epoll_ctl(state.poll, EPOLL_CTL_ADD, socket, &event)
    }
  }

  func remove(_ stream: ResponseStream) {
    state.withLock { state in
      guard let (mark, socket) = state.marks.removeValue(forKey: ObjectIdentifier(stream)) else { return }
      state.streams.removeValue(forKey: mark)
      var event = epoll_event()
      epoll_ctl(state.poll, EPOLL_CTL_DEL, socket, &event)
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
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let result = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<StreamWatch>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context)
    guard result == 0 else {
      Unmanaged<StreamWatch>.fromOpaque(context).release()
      return false
    }
    pthread_detach(thread)
    state.poll = poll
    state.wakeup = wakeup
    return true
  }

  private func run() {
    let (poll, wakeup) = state.withLock { ($0.poll, $0.wakeup) }
    var events = [epoll_event](repeating: epoll_event(), count: 64)
    while true {
      let count = epoll_wait(poll, &events, Int32(events.count), -1)
      if count < 0, errno != EINTR { break }
      for index in 0..<max(0, Int(count)) {
        let mark = events[index].data.u64
        state.withLock { $0.streams[mark] }?.clientLeft()
      }
      if state.withLock({ $0.isClosed }) { break }
    }
    state.withLock { state in
      state.isClosed = true
      state.poll = -1
      state.wakeup = -1
    }
    _ = Glibc.close(poll)
    _ = Glibc.close(wakeup)
  }
}

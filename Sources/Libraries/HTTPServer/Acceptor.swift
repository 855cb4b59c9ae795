internal import CMicroHTTPD
internal import Glibc
internal import Services

/// Takes the connections of a listening socket on a thread of its own, and gives each away.
///
/// Libmicrohttpd could take them itself, but could not be told to take no more: `MHD_quiesce_daemon` and an epoll thread may both remove the
/// socket from the thread's set, and the one that comes second ends the process (an open defect, seen with 0.9.75).
///
/// While `connectionsMax` are open, others wait in the socket's backlog.
final class Acceptor: Sendable {
  /// How long a full server, or one out of file descriptors, waits before it looks again. Milliseconds.
  private static let pause: Int32 = 10
  /// So near to the limit each connection is waited for, so that none is taken too many.
  private static let careful = 64

  private let socket: Int32
  private let wakeup: Int32
  private let thread: OwnedThread

  /// Owns the socket, which does not block, from now on: also when it throws, it is closed. `give` owns each connection that it is called
  /// with, and is not called after `stop`.
  init(
    _ socket: Int32, counts: ConnectionCounts, connectionsMax: Int,
    give: @escaping @Sendable (Int32, UnsafePointer<sockaddr>, socklen_t) -> Void
  ) throws(OwnedThread.NotStarted) {
    let wakeup = eventfd(0, Int32(EFD_CLOEXEC))
    guard wakeup >= 0 else {
      let code = errno
      close(socket)
      throw OwnedThread.NotStarted(name: "accept", code: code)
    }
    self.socket = socket
    self.wakeup = wakeup
    do throws(OwnedThread.NotStarted) {
      thread = try OwnedThread("accept") {
        Acceptor.run(socket, wakeup: wakeup, counts: counts, connectionsMax: connectionsMax, give: give)
      }
    } catch {
      close(socket)
      close(wakeup)
      throw error
    }
  }

  /// Takes no more connections and closes the socket; those in its backlog are refused. To be called once, by whoever lets go of it.
  func stop() {
    var one: UInt64 = 1
    _ = write(wakeup, &one, 8)
    thread.join()
    close(socket)
    close(wakeup)
  }

  private static func run(
    _ socket: Int32, wakeup: Int32, counts: ConnectionCounts, connectionsMax: Int,
    give: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Void
  ) {
    var waits = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0), pollfd(fd: socket, events: Int16(POLLIN), revents: 0)]
    while true {
      let isFull = counts.open >= connectionsMax
      waits[1].revents = 0
      let ready = poll(&waits, isFull ? 1 : 2, isFull ? pause : -1)
      if ready < 0, errno != EINTR { return }
      if waits[0].revents != 0 { return }
      guard !isFull, ready > 0, waits[1].revents != 0 else { continue }
      if connectionsMax - counts.open <= careful { counts.settle(within: pause * 10) }
      guard counts.open < connectionsMax else { continue }
      var address = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      withUnsafeMutablePointer(to: &address) { storage in
        storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
          let connection = mhd_accept(socket, address, &length)
          if connection >= 0 {
            counts.accepted()
            give(connection, address, length)
          } else if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) {
            _ = poll(&waits, 1, pause)
          }
        }
      }
    }
  }
}

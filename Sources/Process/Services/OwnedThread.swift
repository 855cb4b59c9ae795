internal import Glibc
internal import Synchronization

/// A thread that one object owns: it runs a function to its end and is waited for once. For work that blocks and goes on for as long as its owner
/// lives, where an executor (`BlockingExecutor`) does not fit because the thread itself waits for something.
package final class OwnedThread: Sendable {
  /// The system gave no thread.
  package struct NotStarted: Error, Sendable, CustomStringConvertible {
    package let name: String
    package let code: Int32

    /// `code` is the system's error number.
    package init(name: String, code: Int32) { (self.name, self.code) = (name, code) }

    package var description: String { "the thread \(name) cannot be started: \(String(cString: strerror(code)))" }
  }

  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(_ name: String, _ run: @escaping @Sendable () -> Void) { (self.name, self.run) = (name, run) }

    /// For tools; where it does not work nobody misses it. (Glibc's own function is not imported: it is a GNU extension.)
    func nameThread() {
      let file = open("/proc/thread-self/comm", O_WRONLY)
      guard file >= 0 else { return }
      let bytes = Array(name.utf8.prefix(15))
      _ = write(file, bytes, bytes.count)
      close(file)
    }
  }

  private enum Handle: Sendable {
    case running(pthread_t)
    case joined
  }

  private let handle: Mutex<Handle>

  /// Starts at once. `name` is what tools show, at most 15 bytes of it. The function is kept until it returns.
  package init(_ name: String, _ run: @escaping @Sendable () -> Void) throws(NotStarted) {
    var thread = pthread_t()
    let body = Unmanaged.passRetained(Body(name, run))
    let code = pthread_create(
      &thread, nil,
      { raw in
        guard let raw else { return nil }
        let body = Unmanaged<Body>.fromOpaque(raw).takeRetainedValue()
        body.nameThread()
        body.run()
        return nil
      }, body.toOpaque())
    guard code == 0 else {
      body.release()
      throw NotStarted(name: name, code: code)
    }
    handle = Mutex(.running(thread))
  }

  deinit {
    if case .running(let thread) = handle.withLock({ $0 }) { pthread_detach(thread) }
  }

  /// Waits until the function has returned. A second call returns at once. Not to be called on the thread itself.
  package func join() {
    let running = handle.withLock { handle in
      defer { handle = .joined }
      return handle
    }
    if case .running(let thread) = running { pthread_join(thread, nil) }
  }
}

internal import CCurl
internal import Services
internal import Synchronization

/// The thread that carries transfers out. It starts with the first one, and ends when it is asked to stop and none is left.
///
/// `@unchecked Sendable`: `multi` belongs to the thread; `curl_multi_wakeup` alone may be called from any.
final class TransferLoop: @unchecked Sendable {
  private struct State {
    var new: [Transfer] = []
    var isRunning = false
    var isStopped = false
  }

  private let state = Mutex(State())
  private let multi: OpaquePointer?

  init(connectionsMax: Int) {
    multi = curl_multi_init().map { OpaquePointer($0) }
    if let multi { afterimage_curl_limit(UnsafeMutableRawPointer(multi), connectionsMax) }
  }

  deinit {
    if let multi { curl_multi_cleanup(UnsafeMutableRawPointer(multi)) }
  }

  func begin(_ transfer: Transfer) {
    guard let multi else { return transfer.fail("out of memory") }
    let canRun = state.withLock { state in
      if !state.isRunning { state.isRunning = start() }
      if state.isRunning { state.new.append(transfer) }
      return state.isRunning
    }
    guard canRun else { return transfer.fail("no thread can be started") }
    curl_multi_wakeup(UnsafeMutableRawPointer(multi))
  }

  func stop() {
    state.withLock { $0.isStopped = true }
    if let multi { curl_multi_wakeup(UnsafeMutableRawPointer(multi)) }
  }

  /// It ends by itself when it is asked to stop and no transfer is left.
  private func start() -> Bool {
    let thread = try? OwnedThread("http-client") { [self] in
      if let multi { run(UnsafeMutableRawPointer(multi)) }
    }
    return thread != nil
  }

  private func run(_ multi: UnsafeMutableRawPointer) {
    /// Those that `multi` works on: it holds their addresses.
    var all: Set<ObjectIdentifier> = []
    var running: Int32 = 0
    while true {
      let (new, isStopped) = state.withLock { state in
        defer { state.new = [] }
        return (state.new, state.isStopped)
      }
      for transfer in new where transfer.begin(in: multi) { all.insert(ObjectIdentifier(transfer)) }
      if isStopped, all.isEmpty { return }
      curl_multi_perform(multi, &running)
      var easy: UnsafeMutableRawPointer?
      var status = 0
      var failure: UnsafePointer<CChar>?
      while let context = afterimage_curl_ended(multi, &easy, &status, &failure) {
        let transfer = Unmanaged<Transfer>.fromOpaque(context).takeRetainedValue()
        all.remove(ObjectIdentifier(transfer))
        transfer.end(status: status, failure: failure.map { String(cString: $0) })
      }
      var count: Int32 = 0
      curl_multi_poll(multi, nil, 0, 1000, &count)
    }
  }
}

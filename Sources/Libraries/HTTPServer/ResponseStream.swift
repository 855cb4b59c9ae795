internal import CMicroHTTPD
internal import Synchronization

/// A response body whose bytes come later, from any thread: server-sent events.
///
/// Bytes that the client has not taken yet wait here, at most `bufferBytesMax` of them. While there is nothing to send the
/// connection is suspended and costs no thread. When the client goes away, or the server stops, `onEnd` is called once, on
/// one of the server's threads.
///
/// @unchecked: everything that changes is behind the lock; the connection's pointer in it is used only between `attach` and
/// `released`, while libmicrohttpd keeps the connection.
package final class ResponseStream: @unchecked Sendable {
  package enum Sent: Sendable, Equatable {
    case accepted
    /// The client is too slow: nothing of these bytes was taken.
    case full
    /// The client is gone, or `finish` was called.
    case ended
  }

  /// What libmicrohttpd asks for at a time.
  static let blockBytes = 16_384

  private struct State: Sendable {
    var buffer: [UInt8] = []
    var taken = 0
    var isFinished = false
    var isBroken = false
    var hasEnded = false
    var isSuspended = false
    var connection: ConnectionHandle?
    var core: ServerCore?
  }

  private let state = Mutex(State())
  private let bufferBytesMax: Int
  private let onEnd: @Sendable () -> Void

  package init(bufferBytesMax: Int = 1 << 20, onEnd: @escaping @Sendable () -> Void = {}) {
    self.bufferBytesMax = bufferBytesMax
    self.onEnd = onEnd
  }

  /// Hands bytes over; they leave in the order of the calls.
  package func send(_ bytes: [UInt8]) -> Sent {
    state.withLock { state in
      if state.isFinished || state.isBroken || state.hasEnded { return .ended }
      if state.buffer.count - state.taken + bytes.count > bufferBytesMax { return .full }
      state.buffer.append(contentsOf: bytes)
      wake(&state)
      return .accepted
    }
  }

  /// Ends the body once what was handed over has left.
  package func finish() {
    state.withLock { state in
      state.isFinished = true
      wake(&state)
    }
  }

  /// The client has closed its side.
  func clientLeft() {
    state.withLock { state in
      state.isBroken = true
      wake(&state)
    }
  }

  private func wake(_ state: inout State) {
    guard state.isSuspended, let connection = state.connection else { return }
    state.isSuspended = false
    connection.resume()
  }

  /// False when the stream already serves another answer.
  func attach(to connection: ConnectionHandle, of core: ServerCore) -> Bool {
    state.withLock { state in
      guard state.core == nil, !state.hasEnded else { return false }
      state.connection = connection
      state.core = core
      return true
    }
  }

  func read(into target: UnsafeMutableRawBufferPointer) -> Int {
    nonisolated(unsafe) let target = target
    return state.withLock { state in
      if state.isBroken { return mhd_end_with_error }
      let waiting = state.buffer.count - state.taken
      if waiting > 0 {
        let count = min(waiting, target.count)
        state.buffer.withUnsafeBytes {
          target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[state.taken..<(state.taken + count)]))
        }
        state.taken += count
        if state.taken == state.buffer.count {
          state.buffer.removeAll(keepingCapacity: true)
          state.taken = 0
        }
        return count
      }
      guard !state.isFinished, let connection = state.connection else { return mhd_end_of_stream }
      state.isSuspended = true
      connection.suspend()
      return 0
    }
  }

  /// libmicrohttpd has let go of the body: sent, or the connection is gone.
  func released() {
    let core = state.withLock { state in
      defer {
        state.connection = nil
        state.isSuspended = false
      }
      return state.core
    }
    core?.streamEnds(self)
    abandon()
  }

  /// Nobody will read it.
  func abandon() {
    let isFirst = state.withLock { state in
      defer { state.hasEnded = true }
      return !state.hasEnded
    }
    if isFirst { onEnd() }
  }
}

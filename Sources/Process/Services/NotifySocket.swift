package import Glibc

/// A datagram socket of the system that a process writes to: a path, or a name in the abstract namespace, which begins with `@`.
package struct NotifySocket: Sendable, Equatable {
  /// Why a datagram was not taken.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let name: String
    /// The system's error number.
    package let code: Int32

    package var description: String { "\(name): \(String(cString: strerror(code)))" }
  }

  package let name: String

  /// Nil when the name is none: neither a path nor abstract, or longer than an address holds.
  package init?(_ name: String) {
    guard name.hasPrefix("/") || name.hasPrefix("@"), name.utf8.count > 1, name.utf8.count < NotifySocket.bytesMax else {
      return nil
    }
    self.name = name
  }

  private static let offset = MemoryLayout<sockaddr_un>.size - bytesMax
  private static let bytesMax = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

  /// Calls the body with the address as the system takes it.
  package func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let isAbstract = name.hasPrefix("@")
    let bytes = (isAbstract ? [0] : []) + Array(name.utf8.dropFirst(isAbstract ? 1 : 0))
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    // A path ends with a zero byte; of an abstract name every byte that is given counts.
    let length = NotifySocket.offset + bytes.count + (isAbstract ? 0 : 1)
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
    }
  }

  /// Sends one datagram. Never waits: a reader whose queue is full is a failure.
  package func send(_ text: String) throws(Failure) {
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(name: name, code: errno) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    let sent = withAddress { address, length in
      sendto(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), address, length)
    }
    guard sent == bytes.count else { throw Failure(name: name, code: errno) }
  }
}

internal import Foundation
internal import Services

/// A service manager as a process sees it: the datagram socket that `NOTIFY_SOCKET` names.
package final class ServiceManager: Sendable {
  package enum Place: Sendable { case path, abstract }

  package struct Failure: Error {
    package let code: Int32
  }

  /// What `NOTIFY_SOCKET` is to be.
  package let name: String
  private let descriptor: Int32

  /// Listens under a name of its own.
  package init(_ place: Place) throws {
    let unique = "afterimage-notify-\(UUID().uuidString)"
    name = place == .abstract ? "@\(unique)" : FileManager.default.temporaryDirectory.path + "/\(unique)"
    guard let socket = NotifySocket(name) else { throw Failure(code: ENAMETOOLONG) }
    let made = Foundation.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard made >= 0, socket.withAddress({ bind(made, $0, $1) }) == 0 else {
      let code = errno
      close(made)
      throw Failure(code: code)
    }
    descriptor = made
  }

  deinit {
    close(descriptor)
    if name.hasPrefix("/") { unlink(name) }
  }

  /// The next datagram; nil when none came within the limit. Blocks.
  package func next(within limit: Duration = .seconds(30)) -> String? {
    var asked = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&asked, 1, Int32(limit / .milliseconds(1))) == 1 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }
}

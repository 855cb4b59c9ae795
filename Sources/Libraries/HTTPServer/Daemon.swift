internal import Glibc

/// One running libmicrohttpd daemon and the texts that it was started with.
///
/// @unchecked: libmicrohttpd lets every thread call the functions that are called with the pointer; the texts are not changed.
struct Daemon: @unchecked Sendable {
  let pointer: OpaquePointer
  private let texts: [UnsafeMutablePointer<CChar>]

  /// `start` is called with the key's and the certificate's texts, both nil without an identity.
  init?(
    _ identity: TLSIdentity?,
    start: (_ key: UnsafePointer<CChar>?, _ certificate: UnsafePointer<CChar>?) -> OpaquePointer?
  ) {
    let texts = identity.map { [Daemon.copy($0.key), Daemon.copy($0.certificate)] } ?? []
    guard let pointer = start(texts.first.map { UnsafePointer($0) }, texts.last.map { UnsafePointer($0) }) else {
      for text in texts { text.deallocate() }
      return nil
    }
    self.pointer = pointer
    self.texts = texts
  }

  private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar> {
    let text = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
    for (index, byte) in bytes.enumerated() { text[index] = CChar(bitPattern: byte) }
    text[bytes.count] = 0
    return text
  }

  /// After the daemon has stopped; the texts are wiped.
  func free() {
    for text in texts {
      explicit_bzero(text, strlen(text))
      text.deallocate()
    }
  }
}

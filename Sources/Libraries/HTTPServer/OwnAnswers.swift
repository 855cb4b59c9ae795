internal import CMicroHTTPD
internal import Glibc

/// Answers that libmicrohttpd gives without asking anybody: to a head that its memory of a connection does not hold, a page of HTML with status
/// 431 or 414. It has no option for another text (0.9.75), and the requests are not shown to the program.
///
/// It queues these answers as a program does, with `MHD_queue_response`, and its shared library calls that function through the dynamic
/// linker. A program that has a function of this name is called in its place: the one below, which puts the server's own answer there. Where
/// the library binds its calls to itself (`-Bsymbolic`), its page is sent as before, and nothing else changes.
enum OwnAnswers {
  private typealias Queue = @convention(c) (OpaquePointer?, UInt32, OpaquePointer?) -> UInt32

  /// The library's function, which this program's hides.
  private static let library: Queue? = {
    let next = UnsafeMutableRawPointer(bitPattern: -1)  // RTLD_NEXT, a macro that Swift does not see.
    return dlsym(next, "MHD_queue_response").map { unsafeBitCast($0, to: Queue.self) }
  }()

  /// `MHD_queue_response` as the library has it; 0, `MHD_NO`, where there is none, and the connection ends.
  static func queue(_ connection: OpaquePointer?, _ status: UInt32, _ response: OpaquePointer?) -> UInt32 {
    library?(connection, status, response) ?? 0
  }

  /// 431 and 414: nothing but a head that is too large gets them.
  static func isOfHead(_ status: UInt32) -> Bool { status == 431 || status == 414 }

  /// What is to be queued in place of libmicrohttpd's page, owned by the caller; nil to leave it.
  static func headTooLarge(_ connection: OpaquePointer) -> (status: UInt32, response: OpaquePointer)? {
    guard let pointer = mhd_connection_context(connection) else { return nil }
    let answer = Unmanaged<RequestProgress>.fromOpaque(pointer).takeUnretainedValue().headTooLarge()
    guard case .bytes(let bytes) = answer.body,
      let native = bytes.withUnsafeBytes({ mhd_response($0.baseAddress, $0.count) })
    else { return nil }
    for header in answer.headers { MHD_add_response_header(native, header.name, header.value) }
    return (UInt32(answer.status), native)
  }
}

/// Called by libmicrohttpd alone; see `OwnAnswers`. Public so that the linker shows it to the library.
@_cdecl("MHD_queue_response")
public func queueAnswerOfLibrary(_ connection: OpaquePointer?, _ status: UInt32, _ response: OpaquePointer?) -> UInt32 {
  guard OwnAnswers.isOfHead(status), let connection, let own = OwnAnswers.headTooLarge(connection) else {
    return OwnAnswers.queue(connection, status, response)
  }
  defer { MHD_destroy_response(own.response) }
  return OwnAnswers.queue(connection, own.status, own.response)
}

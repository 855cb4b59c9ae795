internal import CMicroHTTPD

/// A connection that libmicrohttpd owns. Whoever holds the handle sees to it that the connection still lives.
///
/// @unchecked: libmicrohttpd lets any thread resume a connection; `suspend` is called on the connection's own thread only.
struct ConnectionHandle: @unchecked Sendable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  func suspend() { MHD_suspend_connection(pointer) }
  func resume() { MHD_resume_connection(pointer) }
  var socket: Int32 { mhd_connection_socket(pointer) }
}

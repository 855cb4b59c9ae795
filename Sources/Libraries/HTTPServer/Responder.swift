/// The right to answer one request, once, from any thread, inside the handler or later. The first answer counts. Let go
/// without an answer, it answers with status 500, so that no client waits forever.
package final class Responder: Sendable {
  private let exchange: Exchange

  init(_ exchange: Exchange) { self.exchange = exchange }

  deinit { exchange.answer(.ready(.text(500, "The request was dropped without an answer."))) }

  package func answer(_ response: HTTPResponse) { exchange.answer(.ready(response)) }

  /// Answers with what `write` makes, which is called on the connection's own thread, at most once: whoever has the answer need not write it. It
  /// must not block, and the body must not be a stream.
  package func answer(_ write: @escaping @Sendable () -> HTTPResponse) { exchange.answer(.written(write)) }
}

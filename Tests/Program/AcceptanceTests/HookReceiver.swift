import Foundation
import HTTPServer
import Synchronization

/// A receiver of webhooks that answers as it is told, and remembers what it was sent.
final class HookReceiver: Sendable {
  struct Request: Sendable, Equatable {
    let path: String
    let key: String
    let signature: String?
    let body: [UInt8]
  }

  /// What becomes of a request.
  enum Answer: Sendable {
    case status(Int)
    case redirect
    /// None at all.
    case hang
  }

  private final class State: Sendable {
    let requests = Mutex<[Request]>([])
    let answers: Mutex<[Answer]>
    /// Those who wait for an answer for ever.
    let hanging = Mutex<[Responder]>([])
    let arrived: @Sendable (Request) -> Void

    init(_ answers: [Answer], _ arrived: @escaping @Sendable (Request) -> Void) {
      self.answers = Mutex(answers)
      self.arrived = arrived
    }
  }

  private let server: HTTPServer
  private let state: State

  /// The first requests get these answers, all others 200. `arrived` is called before a request is answered.
  init(_ answers: [Answer] = [], port: UInt16 = 0, arrived: @escaping @Sendable (Request) -> Void = { _ in }) throws {
    let state = State(answers, arrived)
    self.state = state
    server = try HTTPServer.serving(.init(port: port)) { request, responder in
      let received = Request(
        path: request.path, key: request.header("idempotency-key") ?? "", signature: request.header("webhook-signature"),
        body: Array(request.body))
      state.requests.withLock { $0.append(received) }
      state.arrived(received)
      let answer = state.answers.withLock { $0.isEmpty ? .status(200) : $0.removeFirst() }
      switch answer {
      case .status(let status): responder.answer(HTTPResponse(status: status))
      case .redirect: responder.answer(HTTPResponse(status: 302, headers: [("Location", "/elsewhere")]))
      case .hang: state.hanging.withLock { $0.append(responder) }
      }
    }
  }

  var port: UInt16 { server.port }
  var requests: [Request] { state.requests.withLock { $0 } }
  func stop() { server.stop() }
}

import Foundation
import HTTPServer
import Synchronization
import Testing

@Suite struct ResponseStreamTests {
  /// A server whose every answer is a stream, kept for the test to feed.
  final class Feed: Sendable {
    let streams = Mutex<[ResponseStream]>([])
    let ended = Mutex(0)

    func server() throws -> HTTPServer {
      try HTTPServer.serving { [self] _, responder in
        let stream = ResponseStream(bufferBytesMax: 1000) { self.ended.withLock { $0 += 1 } }
        streams.withLock { $0.append(stream) }
        responder.answer(HTTPResponse(headers: [("Content-Type", "text/event-stream")], stream: stream))
      }
    }

    func stream(_ index: Int = 0) throws -> ResponseStream {
      try wait("a stream is there") { streams.withLock { $0.count } > index }
      return streams.withLock { $0[index] }
    }
  }

  @Test func `what is sent arrives at once and in order`() throws {
    let feed = Feed()
    let server = try feed.server()
    let client = try RawClient(port: server.port)
    client.send("GET /events HTTP/1.1\r\nHost: t\r\n\r\n")
    let stream = try feed.stream()
    #expect(client.head()?.headers["transfer-encoding"] == "chunked")
    for round in 0..<200 {
      #expect(stream.send(Array("data: \(round)\n\n".utf8)) == .accepted)
      #expect(client.read(through: "\n\n")?.contains("data: \(round)\n\n") == true)
    }
    stream.finish()
    #expect(client.read(through: "0\r\n\r\n") != nil)
    try wait("the producer is notified") { feed.ended.withLock { $0 } == 1 }
    #expect(stream.send([1]) == .ended)
  }

  @Test func `the producer is notified that a silent client has left`() throws {
    let feed = Feed()
    let server = try feed.server()
    let client = try RawClient(port: server.port)
    client.send("GET /events HTTP/1.1\r\nHost: t\r\n\r\n")
    let stream = try feed.stream()
    _ = stream.send(Array("data: 1\n\n".utf8))
    #expect(client.read(through: "data: 1\n\n") != nil)
    client.hangUp()
    try wait("the producer is notified") { feed.ended.withLock { $0 } == 1 }
    #expect(stream.send([1]) == .ended)
  }

  @Test func `a client that does not read fills its buffer and no more`() throws {
    let feed = Feed()
    let server = try feed.server()
    let client = try RawClient(port: server.port)
    client.send("GET /events HTTP/1.1\r\nHost: t\r\n\r\n")
    let stream = try feed.stream()
    #expect(stream.send(Array(repeating: 65, count: 1001)) == .full)
    var sent = 0
    try wait("the buffer is full") {
      let result = stream.send(Array(repeating: 65, count: 1000))
      if result == .accepted { sent += 1 }
      return result == .full && sent > 100
    }
  }

  @Test func `a stop ends streams`() throws {
    let feed = Feed()
    let server = try feed.server()
    let clients = try (0..<3).map { _ in try RawClient(port: server.port) }
    for client in clients { client.send("GET /events HTTP/1.1\r\nHost: t\r\n\r\n") }
    _ = try feed.stream(2)
    let start = ContinuousClock.now
    server.stop()
    #expect(ContinuousClock.now - start < .seconds(2.5))
    try wait("all producers are notified") { feed.ended.withLock { $0 } == 3 }
  }
}

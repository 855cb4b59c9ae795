import Foundation
import HTTPClient
import HTTPServer
import Testing

/// Answers with what it was asked; `/later` from another thread; `/slow` after a second.
private func echo(_ request: borrowing HTTPRequest, _ responder: Responder) {
  let text = "\(request.method) \(request.path) \(request.header("x-mark") ?? "-") \(request.body.count)"
  let status = request.path == "/missing" ? 404 : 200
  let response = HTTPResponse(status: status, headers: [("X-Echo", "a: b")], body: Array(text.utf8))
  if request.path == "/later" {
    DispatchQueue.global().async { responder.answer(response) }
  } else if request.path == "/slow" {
    DispatchQueue.global().asyncAfter(deadline: .now() + 1) { responder.answer(response) }
  } else {
    responder.answer(response)
  }
}

@Suite struct HTTPClientTests {
  private func text(_ answer: HTTPClient.Answer) -> String { String(decoding: answer.body, as: UTF8.self) }

  @Test func `a request goes out as it was given, and its answer comes whatever its status`() async throws {
    let server = try HTTPServer.serving(handler: echo)
    let client = HTTPClient()
    let address = "http://127.0.0.1:\(server.port)"
    let answer = try await client.send(.init(method: "POST", url: address + "/x", headers: [("X-Mark", "m")], body: [1, 0, 255]))
    #expect(text(answer) == "POST /x m 3" && answer.status == 200 && answer.headers["x-echo"] == "a: b")
    let missing = try await client.send(.init(url: address + "/missing"))
    #expect(text(missing) == "GET /missing - 0" && missing.status == 404)
    let empty = try await client.send(.init(method: "POST", url: address + "/x", body: []))
    #expect(text(empty) == "POST /x - 0")
    let big = try await client.send(.init(method: "PUT", url: address + "/x", body: [UInt8](repeating: 7, count: 3_000_000)))
    #expect(text(big) == "PUT /x - 3000000")
    // A header cannot bring a second one.
    let split = try await client.send(.init(url: address + "/x", headers: [("X-Other", "a\r\nX-Mark: forged")]))
    #expect(text(split) == "GET /x - 0")
    // One without a value is there all the same.
    for value in ["", " "] {
      let bare = try await client.send(.init(url: address + "/x", headers: [("X-Mark", value)]))
      #expect(text(bare) == "GET /x  0")
    }
  }

  @Test func `many requests at once are all answered, over no more connections than allowed`() async throws {
    let server = try HTTPServer.serving(handler: echo)
    let client = HTTPClient(connectionsMax: 4)
    let address = "http://127.0.0.1:\(server.port)"
    let all = try await withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<400 {
        group.addTask {
          let request = HTTPClient.Request(
            url: address + (number % 2 == 0 ? "/later" : "/now"), headers: [("x-mark", "\(number)")])
          return String(decoding: try await client.send(request).body, as: UTF8.self)
        }
      }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(all.count == 400)
  }

  @Test func `of an answer no more is read than is wanted`() async throws {
    let server = try HTTPServer.serving { request, responder in
      let size = Int(request.path.dropFirst()) ?? 0
      responder.answer(HTTPResponse(status: 202, headers: [], body: [UInt8](repeating: 97, count: size)))
    }
    let client = HTTPClient(answerBytesMax: 1_000)
    for (size, read) in [(0, 0), (999, 999), (1_000, 1_000), (1_001, 1_000), (30_000_000, 1_000)] {
      let answer = try await client.send(.init(url: "http://127.0.0.1:\(server.port)/\(size)"))
      #expect(answer.status == 202 && answer.body.count == read)
    }
  }

  @Test func `no server, no answer in time and no address are errors with their reason`() async throws {
    let client = HTTPClient(timeoutSeconds: 0.3)
    let server = try HTTPServer.serving(handler: echo)
    for url in ["http://127.0.0.1:\(server.port)/slow", "http://127.0.0.1:1/", "not an address", "file:///etc/hostname", ""] {
      do throws(HTTPClient.TransportError) {
        let answer = try await client.send(.init(url: url))
        Issue.record("\(url): \(answer.status) \(text(answer).prefix(100))")
      } catch {
        #expect(!error.reason.isEmpty)
      }
    }
    // It goes on after each.
    let answer = try await client.send(.init(url: "http://127.0.0.1:\(server.port)/x"))
    #expect(answer.status == 200)
  }

  @Test func `a request that is under way when its client is let go of is answered`() async throws {
    let server = try HTTPServer.serving(handler: echo)
    let address = "http://127.0.0.1:\(server.port)/later"
    for _ in 0..<50 {
      let answer = try await HTTPClient().send(.init(url: address))
      #expect(answer.status == 200)
    }
  }
}

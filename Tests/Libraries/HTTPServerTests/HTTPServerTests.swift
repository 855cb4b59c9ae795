import Foundation
import HTTPServer
import Services
import Synchronization
import Testing

/// Answers with what it was asked; `/later` from another thread.
private func echo(_ request: borrowing HTTPRequest, _ responder: Responder) {
  let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
  let text = "\(request.method) \(request.path) [\(query)] \(request.header("x-mark") ?? "-") \(request.body.count)"
  let response = HTTPResponse(headers: [("X-Echo", "yes")], body: Array(text.utf8))
  if request.path == "/later" {
    DispatchQueue.global().async { responder.answer(response) }
  } else if request.path != "/never" {
    responder.answer(response)
  }
}

@Suite struct HTTPServerTests {
  @Test func `a connection serves many requests`() throws {
    let server = try HTTPServer.serving(handler: echo)
    let client = try RawClient(port: server.port)
    for round in 0..<3 {
      client.send("GET /a%20b?x=1&y=%C3%A9+z HTTP/1.1\r\nHost: t\r\nX-Mark: \(round)\r\n\r\n")
      let answer = try #require(client.answer())
      #expect(answer.status == 200)
      #expect(answer.headers["x-echo"] == "yes")
      #expect(answer.body == "GET /a b [x=1,y=é z] \(round) 0")
    }
  }

  @Test func `requests sent at once are answered in order`() throws {
    let server = try HTTPServer.serving(handler: echo)
    let client = try RawClient(port: server.port)
    client.send((0..<50).map { "GET /\($0 % 3 == 0 ? "later" : "now")?n=\($0) HTTP/1.1\r\nHost: t\r\n\r\n" }.joined())
    for round in 0..<50 { #expect(client.answer()?.body.contains("[n=\(round)]") == true) }
  }

  @Test func `answers from another thread reach many connections`() throws {
    let server = try HTTPServer.serving(handler: echo)
    let clients = try (0..<20).map { _ in try RawClient(port: server.port) }
    for round in 0..<50 {
      for client in clients { client.post("/later", Array(repeating: 65, count: round * 100)) }
      for client in clients { #expect(client.answer()?.body == "POST /later [] - \(round * 100)") }
    }
  }

  @Test func `an answer is written on the thread of its connection`() throws {
    let server = try HTTPServer.serving { _, responder in
      DispatchQueue(label: "answers").async {
        let here = pthread_self()
        responder.answer { .text(200, pthread_equal(here, pthread_self()) == 0 ? "elsewhere" : "here") }
      }
    }
    let client = try RawClient(port: server.port)
    for _ in 0..<20 {
      client.post("/", [])
      #expect(client.answer()?.body == "elsewhere\n")
    }
  }

  @Test func `a body of the largest size is taken and one byte more is not`() throws {
    let server = try HTTPServer.serving(.init(requestBodyBytesMax: 100_000), handler: echo)
    let client = try RawClient(port: server.port)
    client.post("/x", Array(repeating: 0, count: 100_000))
    #expect(client.answer()?.body == "POST /x [] - 100000")
    client.post("/x", Array(repeating: 0, count: 100_001))
    #expect(client.answer()?.status == 413)
    #expect(client.isAtEnd())

    let huge = try RawClient(port: server.port)
    huge.send("POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 400001\r\n\r\n")
    #expect(huge.answer()?.status == 413)
    #expect(huge.isAtEnd())

    let chunked = try RawClient(port: server.port)
    chunked.send("POST /x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunked.send("186a1\r\n" + String(repeating: "x", count: 100_001) + "\r\n0\r\n\r\n")
    #expect(chunked.answer()?.status == 413)
  }

  @Test func `headers past the limit are refused`() throws {
    let server = try HTTPServer.serving(.init(headerBytesMax: 8192), handler: echo)
    let client = try RawClient(port: server.port)
    client.send("GET / HTTP/1.1\r\nHost: t\r\nX-Long: \(String(repeating: "a", count: 10_000))\r\n\r\n")
    let answer = try #require(client.answer())
    #expect(answer.status == 431)
    #expect(answer.body == "The request line and headers take more than 8192 bytes.\n")
    #expect(client.isAtEnd())
  }

  /// Heads of a number of bytes: with one long header, and with a long target.
  private static let heads: [@Sendable (Int) -> String] = [
    { "GET / HTTP/1.1\r\nHost: t\r\nX: \(String(repeating: "a", count: $0 - 32))\r\n\r\n" },
    { "GET /\(String(repeating: "a", count: $0 - 27)) HTTP/1.1\r\nHost: t\r\n\r\n" },
  ]

  @Test(arguments: 0..<2, [false, true])
  func `a head of the largest size is taken, and a larger one gets the answer for it`(_ form: Int, _ isKept: Bool) throws {
    let server = try HTTPServer.serving(
      .init(
        headerBytesMax: 8192,
        headTooLarge: { HTTPResponse(status: 400, headers: [("Content-Type", "application/json")], body: Array("{}".utf8)) }),
      handler: echo)
    /// The answer to a head, on a new connection or as the second request of one.
    func answer(to head: String) throws -> RawClient.Answer {
      let client = try RawClient(port: server.port)
      if isKept {
        client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(client.answer()?.status == 200)
      }
      client.send(head)
      let answer = try #require(client.answer(), "\(head.utf8.count) bytes")
      #expect(answer.status == 200 || client.isAtEnd())
      return answer
    }
    #expect(Self.heads[form](8192).utf8.count == 8192)
    #expect(try answer(to: Self.heads[form](8192)).status == 200)
    // The last two are too large for libmicrohttpd.
    let larger = [8193, 9000, 20_000, 100_000].map(Self.heads[form])
    let many = "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 1000) + "\r\n"
    for head in larger + [many] {
      let answer = try answer(to: head)
      #expect(answer.status == 400 && answer.headers["content-type"] == "application/json" && answer.body == "{}")
    }
  }

  /// "hello gzip" fifty times, by gzip.
  static func gzipped(_ body: [UInt8]) throws -> [UInt8] {
    let plain = FileManager.default.temporaryDirectory.path + "/plain-\(UUID())"
    defer { for path in [plain, plain + ".gz"] { try? FileManager.default.removeItem(atPath: path) } }
    try Data(body).write(to: URL(filePath: plain))
    try Executable.run(["/usr/bin/env", "gzip", "-c", plain], output: plain + ".gz")
    return [UInt8](try Data(contentsOf: URL(filePath: plain + ".gz")))
  }

  @Test func `gzip bodies are inflated within the limit`() throws {
    let server = try HTTPServer.serving(.init(requestBodyBytesMax: 100_000), handler: echo)
    let client = try RawClient(port: server.port)
    client.post("/z", try Self.gzipped(Array(repeating: 65, count: 100_000)), headers: ["Content-Encoding: gzip"])
    #expect(client.answer()?.body == "POST /z [] - 100000")
    client.post("/z", try Self.gzipped(Array(repeating: 65, count: 100_001)), headers: ["Content-Encoding: gzip"])
    #expect(client.answer()?.status == 413)
    let corrupt = try RawClient(port: server.port)
    corrupt.post("/z", [1, 2, 3], headers: ["Content-Encoding: gzip"])
    #expect(corrupt.answer()?.status == 400)
  }

  @Test func `a certificate that cannot be used closes no file of anybody else`() throws {
    let bad = TLSIdentity(certificate: Array("no certificate".utf8), key: Array("no key".utf8))
    let server = try HTTPServer.serving(handler: echo)
    defer { server.stop() }
    for _ in 0..<50 {
      let refused = try HTTPServer(.init(identity: bad), handler: echo)
      #expect(throws: HTTPServerError.self) { try refused.start() }
      #expect(!server.reload(bad))
      // They have the numbers that were given back.
      let files = (0..<8).map { _ in open("/dev/null", O_RDONLY) }
      refused.stop()
      for file in files {
        #expect(fcntl(file, F_GETFD) >= 0, "file \(file) was closed")
        close(file)
      }
    }
  }

  @Test func `a form is read as a query is, and another body is none`() throws {
    let server = try HTTPServer.serving { request, responder in
      responder.answer(.text(200, request.form.map { "\($0.name)=\($0.value)" }.joined(separator: ",")))
    }
    let client = try RawClient(port: server.port)
    let body = Array("a=1&b=%C3%A9+z&c&a=2%263".utf8)
    for type in ["application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded; charset=utf-8"] {
      client.post("/", body, headers: ["Content-Type: \(type)"])
      #expect(client.answer()?.body == "a=1,b=é z,c=,a=2&3\n")
    }
    client.post("/", body, headers: ["Content-Type: text/plain"])
    #expect(client.answer()?.body == "\n")
    client.post("/", body)
    #expect(client.answer()?.body == "\n")
  }

  @Test func `a header that is there twice has both values, and the client's address is known`() throws {
    let server = try HTTPServer.serving { request, responder in
      let values = request.headers(named: "x-MARK").joined(separator: "|")
      responder.answer(.text(200, "\(values) \(request.headers(named: "x-none").count) \(request.clientAddress ?? "-")"))
    }
    let client = try RawClient(port: server.port)
    client.send("GET / HTTP/1.1\r\nHost: t\r\nX-Mark: a\r\nX-Marks: d\r\nx-mark: b, c\r\n\r\n")
    #expect(client.answer()?.body == "a|b, c 0 127.0.0.1\n")
    let made = HTTPRequest(method: "GET", target: "/", headers: [("A", "1"), ("b", "2"), ("a", "3")], body: [])
    let (values, from) = (made.headers(named: "a"), made.clientAddress)
    #expect(values == ["1", "3"] && from == nil)
  }

  @Test func `a taken port is named`() throws {
    let server = try HTTPServer.serving(handler: echo)
    do throws(HTTPServerError) {
      _ = try HTTPServer.serving(.init(port: server.port), handler: echo)
      Issue.record("two servers on one port")
    } catch {
      #expect(error.isPortTaken)
      #expect(error.description == "cannot listen on 127.0.0.1:\(server.port): the port is in use by another process")
    }
    #expect(throws: HTTPServerError.self) { try HTTPServer.serving(.init(address: "not an address"), handler: echo) }
  }

  @Test func `a request let go without an answer gets status 500`() throws {
    let server = try HTTPServer.serving(handler: echo)
    let client = try RawClient(port: server.port)
    client.post("/never", [])
    #expect(client.answer()?.status == 500)
  }

  @Test func `a client that leaves before the answer harms nobody`() throws {
    let held = Mutex<[Responder]>([])
    let server = try HTTPServer.serving { request, responder in
      if request.path == "/hold" { held.withLock { $0.append(responder) } } else { responder.answer(.text(200, "ok")) }
    }
    for _ in 0..<10 {
      let client = try RawClient(port: server.port)
      client.post("/hold", [])
      client.hangUp()
    }
    try wait("ten requests are held") { held.withLock { $0.count } == 10 }
    for responder in held.withLock({ $0 }) { responder.answer(.text(200, "late")) }
    let client = try RawClient(port: server.port)
    client.post("/", [])
    #expect(client.answer()?.body == "ok\n")
  }

  @Test func `a stop lets requests finish and notifies those that cannot`() throws {
    let held = Mutex<[Responder]>([])
    let server = try HTTPServer.serving { _, responder in held.withLock { $0.append(responder) } }
    let quick = try RawClient(port: server.port)
    quick.post("/", [])
    let stuck = try RawClient(port: server.port)
    stuck.post("/", [])
    try wait("both requests are held") { held.withLock { $0.count } == 2 }
    let start = ContinuousClock.now
    let stopper = Thread { server.stop() }
    stopper.start()
    held.withLock { $0[0] }.answer(.text(200, "done"))
    let answers = [quick.answer(), stuck.answer()].map { $0?.status }
    #expect(answers.contains(200) && answers.contains(503))
    #expect(ContinuousClock.now - start < .seconds(4))
    held.withLock { $0[1] }.answer(.text(200, "too late"))
    #expect(throws: (any Error).self) { try RawClient(port: server.port) }
  }

  @Test func `a full server serves the next client when one has left`() throws {
    let server = try HTTPServer.serving(.init(connectionsMax: 3), handler: echo)
    let clients = try (0..<3).map { _ in try RawClient(port: server.port) }
    for client in clients {
      client.post("/full", [])
      #expect(client.answer()?.status == 200)
    }
    let next = try RawClient(port: server.port)
    next.post("/next", [])
    #expect(!next.hasMore(within: 0.3), "a fourth connection is served")
    // Those that are served still are.
    clients[1].post("/still", [])
    #expect(clients[1].answer()?.status == 200)
    clients[0].hangUp()
    #expect(next.answer()?.body == "POST /next [] - 0")
  }

  /// libmicrohttpd ended the process now and then when it was told to take no more connections while requests came.
  @Test func `servers stop while clients come and go`() throws {
    for _ in 0..<40 {
      let server = try HTTPServer.serving(handler: echo)
      let isOver = Atomic<Bool>(false)
      let answered = Atomic<Int>(0)
      let group = DispatchGroup()
      for _ in 0..<4 {
        group.enter()
        Thread {
          while !isOver.load(ordering: .relaxed), let client = try? RawClient(port: server.port) {
            client.post("/now", [])
            if client.answer() != nil { answered.add(1, ordering: .relaxed) }
          }
          group.leave()
        }.start()
      }
      try wait("requests are answered") { answered.load(ordering: .relaxed) > 8 }
      server.stop()
      isOver.store(true, ordering: .relaxed)
      group.wait()
    }
  }

  @Test(arguments: ["", "\u{0}\u{1}\u{2}", "GET / HTTP/1.1\r\nHo", "POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n{"])
  func `a client that stops sending before there is a request is let go at once`(_ text: String) throws {
    let server = try HTTPServer.serving(handler: echo)
    for _ in 0..<20 {
      let client = try RawClient(port: server.port)
      client.send(text)
      client.endSending()
      #expect(client.isAtEnd())
    }
  }

  @Test(arguments: ["now", "later"])
  func `a client that stops sending after its request is answered and let go`(_ path: String)
    throws
  {
    let server = try HTTPServer.serving(handler: echo)
    for _ in 0..<20 {
      let client = try RawClient(port: server.port)
      client.send("GET /\(path) HTTP/1.1\r\nHost: t\r\n\r\n")
      client.endSending()
      #expect(client.answer()?.status == 200)
      #expect(client.isAtEnd())
    }
  }
}

/// Waits for a fact, with a limit.
func wait(_ what: String, within seconds: Double = 10, _ fact: () -> Bool) throws {
  let end = ContinuousClock.now + .seconds(seconds)
  while !fact() {
    guard ContinuousClock.now < end else { throw Late(what: what) }
    sched_yield()
  }
}

struct Late: Error {
  let what: String
}

/// Requests that never become whole.
@Suite struct SlowRequestTests {
  private func echo(_ request: borrowing HTTPRequest, _ responder: Responder) { responder.answer(.text(200, "yes")) }

  /// Sends a byte every 100 ms until the server has ended the connection; the time that took, nil after the limit.
  private func trickle(_ client: RawClient, _ byte: String, limit: Duration) -> Duration? {
    let start = ContinuousClock.now
    var block: UInt8 = 0
    while ContinuousClock.now - start < limit {
      client.send(byte)
      var one = pollfd(fd: client.socket, events: Int16(POLLIN), revents: 0)
      if poll(&one, 1, 100) > 0, recv(client.socket, &block, 1, Int32(MSG_DONTWAIT)) <= 0 { return ContinuousClock.now - start }
    }
    return nil
  }

  @Test(.timeLimit(.minutes(1))) func `a head that does not end is let go, on a new connection and on a kept one`() throws {
    let server = try HTTPServer.serving(.init(headSecondsMax: 1), handler: echo)
    let fresh = try RawClient(port: server.port)
    fresh.send("GET / HTTP/1.1\r\n")
    let kept = try RawClient(port: server.port)
    kept.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    #expect(kept.answer()?.status == 200)
    let quiet = try RawClient(port: server.port)
    let time = try #require(trickle(fresh, "a", limit: .seconds(15)))
    #expect(time > .milliseconds(900))
    kept.send("GET / HTTP/1.1\r\n")
    #expect(trickle(kept, "b", limit: .seconds(15)) != nil)
    // One that says nothing is kept.
    quiet.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    #expect(quiet.answer()?.status == 200)
  }

  @Test(.timeLimit(.minutes(1))) func `a body that does not end is let go`() throws {
    let server = try HTTPServer.serving(.init(bodySecondsMax: 1), handler: echo)
    let client = try RawClient(port: server.port)
    client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n")
    #expect(trickle(client, "x", limit: .seconds(15)) != nil)
    let server2 = try HTTPServer.serving(
      .init(headSecondsMax: 1, bodySecondsMax: 1),
      handler: { _, responder in
        DispatchQueue.global().asyncAfter(deadline: .now() + 3) { responder.answer(.text(200, "late")) }
      })
    let patient = try RawClient(port: server2.port)
    patient.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    #expect(patient.answer()?.status == 200)
  }
}

import Foundation
import RequestTestKit
import Synchronization
import Testing

/// Connections that send a byte a second do not slow a normal client by more than half. 100 of them; AFTERIMAGE_SLOW_CONNECTIONS sets another
/// number (`make fuzz`: 500).
@Suite(.serialized) struct SlowClientTests {
  static let count = ProcessInfo.processInfo.environment["AFTERIMAGE_SLOW_CONNECTIONS"].flatMap { Int($0) } ?? 100
  static let rounds = 3
  static let measured = Duration.seconds(1)

  private static let body = #"{"TableName":"T_1","Key":{"pk":{"S":"p1"},"sk":{"N":"1"}}}"#
  private static let request = Array(
    """
    POST / HTTP/1.1\r
    Host: localhost\r
    Content-Type: application/x-amz-json-1.0\r
    X-Amz-Target: DynamoDB_20120810.GetItem\r
    X-Amz-Date: 20260101T000000Z\r
    Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00\r
    Content-Length: \(body.utf8.count)\r
    \r
    \(body)
    """.utf8)

  /// Clients that each send a byte a second, until they are to end: some in the head of their request, some in its body.
  private final class Crowd: Sendable {
    private let isOver = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    let connected: Int

    init(port: Int, count: Int) {
      let bytes = SlowClientTests.request
      var wires: [(wire: Wire, next: Int)] = []
      for number in 0..<count {
        guard let wire = Wire(port: port) else { continue }
        // Every other one begins in its body.
        let start = number % 2 == 0 ? 1 : bytes.count - 55
        wire.send(Array(bytes[..<start]))
        wires.append((wire, start))
      }
      connected = wires.count
      let held = Held(wires)
      Thread.detachNewThread { [self] in
        // A tenth of them each tenth of a second.
        var part = 0
        while !isOver.load(ordering: .relaxed) {
          held.sendOne(part: part, of: 10)
          part = (part + 1) % 10
          usleep(100_000)
        }
        ended.signal()
      }
    }

    func end() {
      isOver.store(true, ordering: .relaxed)
      ended.wait()
    }

    /// The connections. @unchecked: used by the one thread alone.
    private final class Held: @unchecked Sendable {
      private var wires: [(wire: Wire, next: Int)]

      init(_ wires: [(wire: Wire, next: Int)]) { self.wires = wires }

      func sendOne(part: Int, of parts: Int) {
        for place in stride(from: part, to: wires.count, by: parts) where wires[place].next < SlowClientTests.request.count {
          wires[place].wire.send([SlowClientTests.request[wires[place].next]])
          wires[place].next += 1
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(2))) func `clients that send a byte a second take no more than half of a normal one's speed`()
    async throws
  {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let server = try await DevProcess.serve(["--roles", "table", "--data", folder.file("data"), "-p", folder.file("notes")])
    let port = server.ports.tables
    #expect(Attack(server: server, seed: 0).prepare() != nil)
    // The best of several rounds of each, and of some more if they were not enough: other processes of the machine take
    // their time now and then.
    let best = Mutex((without: 0, with: 0))
    await onThread {
      for round in 0..<3 * Self.rounds {
        if round >= Self.rounds, best.withLock({ $0.with * 2 > $0.without }) { break }
        let without = Self.requests(port)
        let crowd = Crowd(port: port, count: Self.count)
        #expect(crowd.connected == Self.count)
        let with = Self.requests(port)
        crowd.end()
        best.withLock { $0 = (max($0.without, without), max($0.with, with)) }
      }
    }
    let (without, with) = best.withLock { $0 }
    print("SlowClientTests: \(without) requests/s, \(with) beside \(Self.count) slow connections")
    #expect(with > 0 && with * 2 > without, "\(without) requests/s became \(with)")
    #expect(await server.stop() == 0)
  }

  /// Requests that one client has answered within the time, one after the other.
  private static func requests(_ port: Int) -> Int {
    guard let wire = Wire(port: port) else { return 0 }
    let end = ContinuousClock.now + measured
    var count = 0
    while ContinuousClock.now < end {
      wire.send(request)
      guard wire.answer()?.status == 200 else { return 0 }
      count += 1
    }
    return count
  }
}

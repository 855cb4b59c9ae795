import DynamoModel
import Foundation
import RandomTestKit
import RequestTestKit
import Synchronization
import Testing

/// Requests that are wrong in every way, and bytes that are none, against the running table server: no 5xx (but 503), no exit, no answer that takes
/// longer than a second, no growing memory, and a table that `table verify` finds whole. 20,000 requests; AFTERIMAGE_MUTATED_REQUESTS sets
/// another number (`make fuzz`: 1,000,000) and AFTERIMAGE_SEED repeats a run.
@Suite(.serialized) struct MutatedRequestTests {
  static let count = ProcessInfo.processInfo.environment["AFTERIMAGE_MUTATED_REQUESTS"].flatMap { Int($0) } ?? 20_000
  static let seed =
    ProcessInfo.processInfo.environment["AFTERIMAGE_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...UInt64.max)

  /// The server is started again after so many, with an empty directory.
  static let perServer = 100_000
  static let connections = 2
  /// Of the server's resident memory between the first quarter of a run and its end: caches and write buffers fill until they are full.
  static let growthMax = 384 << 20
  static let answerMax = Duration.seconds(1)

  @Test(.timeLimit(.minutes(60))) func `requests mutated by their grammar are answered, each one`() async throws {
    print("MutatedRequestTests: seed \(Self.seed), \(Self.count) requests")
    var left = Self.count
    var seed = Self.seed
    while left > 0 {
      let count = min(left, Self.perServer)
      guard try await run(count, seed) else { return }
      left -= count
      seed &+= 1000
    }
  }

  private func run(_ count: Int, _ seed: UInt64) async throws -> Bool {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let server = try await DevProcess.serve(["--roles", "table", "--data", folder.file("data"), "-p", folder.file("notes")])
    let attack = Attack(server: server, seed: seed)
    guard let templates = attack.prepare() else {
      Issue.record("the server takes no requests: \(server.child.errors)")
      return false
    }
    var memory = 0
    for part in 0..<4 {
      await withTaskGroup(of: Void.self) { group in
        for connection in 0..<Self.connections {
          let mutator = RequestMutator(templates, seed: seed &+ UInt64(part * Self.connections + connection))
          group.addTask {
            await onThread { attack.send(mutator, count / 4 / Self.connections) }
          }
        }
      }
      if part == 0 { memory = attack.residentBytes }
      if !attack.isFine { break }
    }
    let grown = attack.residentBytes - memory
    #expect(attack.isFine && grown < Self.growthMax, "memory went from \(memory >> 20) by \(grown >> 20) MB")
    print("MutatedRequestTests: \(attack.answers), slowest \(attack.slowest), memory \(memory >> 20) + \(grown >> 20) MB")
    guard attack.isFine else { return false }
    #expect(attack.answers[200, default: 0] > count / 20, "hardly any request was right: \(attack.answers)")
    let verified = try await Program.run("table", "verify", "--endpoint", server.tables)
    #expect(verified.status == 0, "\(verified)")
    #expect(await server.stop() == 0, "\(server.child.errors.suffix(2000))")
    return true
  }

  @Test(.timeLimit(.minutes(60))) func `bytes that are not requests end in an answer or in a closed connection`() async throws {
    let count = Self.count / 20
    print("MutatedRequestTests: seed \(Self.seed), \(count) connections")
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let server = try await DevProcess.serve(["--roles", "table", "--data", folder.file("data"), "-p", folder.file("notes")])
    let attack = Attack(server: server, seed: Self.seed)
    _ = attack.prepare()
    await withTaskGroup(of: Void.self) { group in
      for connection in 0..<Self.connections {
        group.addTask {
          await onThread { attack.sendRaw(RawRequests(seed: Self.seed &+ UInt64(connection)), count / Self.connections) }
        }
      }
    }
    print("MutatedRequestTests: \(attack.answers)")
    guard attack.isFine else { return }
    #expect(attack.answers[200, default: 0] > 0 && attack.answers[400, default: 0] > 0, "\(attack.answers)")
    #expect(await server.stop() == 0, "\(server.child.errors.suffix(2000))")
  }
}

/// Runs what blocks on a thread of its own.
func onThread(_ body: @escaping @Sendable () -> Void) async {
  await withCheckedContinuation { continuation in
    let thread = Thread {
      body()
      continuation.resume()
    }
    // Deep trees are walked and let go of by recursion.
    thread.stackSize = 64 << 20
    thread.start()
  }
}

/// A server under wrong requests, and what it answered.
final class Attack: Sendable {
  private struct State {
    var answers: [Int: Int] = [:]
    var failures = 0
    var slowest = Duration.zero
  }

  let port: Int
  private let child: ChildProcess
  private let seed: UInt64
  private let state = Mutex(State())

  private static let signature =
    "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
  /// Requests that are on their way on a connection, and their bytes.
  private static let windowMax = 16
  private static let windowBytesMax = 64 << 10
  /// Raw connections that wait for their end at a time.
  private static let rawMax = 64

  init(server: DevProcess, seed: UInt64) {
    port = server.ports.tables
    child = server.child
    self.seed = seed
  }

  var answers: [Int: Int] { state.withLock { $0.answers } }
  var slowest: Duration { state.withLock { $0.slowest } }
  var isFine: Bool { state.withLock { $0.failures == 0 } }

  var residentBytes: Int {
    let status = (try? String(contentsOfFile: "/proc/\(child.identifier)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return (line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
  }

  private func fail(_ text: String) {
    let isFirst = state.withLock { state in
      state.failures += 1
      return state.failures <= 5
    }
    if isFirst { Issue.record("seed \(seed): \(text)") }
  }

  static func bytes(_ request: RequestMutator.Request) -> [UInt8] {
    let head = [
      "POST / HTTP/1.1", "Host: localhost", "Content-Type: application/x-amz-json-1.0", "X-Amz-Target: \(request.target)",
      "Authorization: \(signature)", "X-Amz-Date: 20260101T000000Z", "Content-Length: \(request.body.count)",
    ]
    return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + request.body
  }

  static func shown(_ request: RequestMutator.Request) -> String {
    "\(request.target) \(String(decoding: request.body.prefix(3000), as: UTF8.self))"
  }

  private func ask(_ target: String, _ body: String) -> JSONTape? {
    guard let wire = Wire(port: port) else { return nil }
    wire.send(Attack.bytes(.init(target: target, body: Array(body.utf8))))
    return wire.answer().flatMap { try? JSONTape($0.body) }
  }

  /// Makes the tables; the templates with what the server has given. Nil when it does not answer.
  func prepare() -> [RequestTemplates.Template]? {
    makeTables()
    func text(_ tape: JSONTape?, _ path: String...) -> String? {
      guard let tape else { return nil }
      var node = tape.root
      for name in path {
        if tape.kind(node) == .array { node += 1 }
        guard let next = tape.member(node, name) else { return nil }
        node = next
      }
      return tape.string(node)
    }
    let streams = "DynamoDBStreams_20120810."
    guard let arn = text(ask("DynamoDB_20120810.DescribeTable", #"{"TableName":"T_1"}"#), "Table", "LatestStreamArn"),
      let shard = text(
        ask(streams + "DescribeStream", #"{"StreamArn":"\#(arn)"}"#), "StreamDescription", "Shards", "ShardId"),
      let iterator = text(
        ask(
          streams + "GetShardIterator", #"{"StreamArn":"\#(arn)","ShardId":"\#(shard)","ShardIteratorType":"TRIM_HORIZON"}"#),
        "ShardIterator")
    else { return nil }
    return RequestTemplates.all(streamARN: arn, shard: shard, iterator: iterator)
  }

  private func makeTables() {
    guard let wire = Wire(port: port) else { return }
    for template in RequestTemplates.setup {
      wire.send(Attack.bytes(.init(target: template.target, body: template.body.bytes)))
      _ = wire.answer()
    }
  }

  // MARK: Mutated requests

  /// Sends so many, several at a time on one connection, and looks at each answer.
  func send(_ mutator: RequestMutator, _ count: Int) {
    var (mutator, left) = (mutator, count)
    var wire = Wire(port: port)
    while left > 0, isFine {
      var window: [RequestMutator.Request] = []
      var size = 0
      while left > 0, window.count < Attack.windowMax, size < Attack.windowBytesMax {
        window.append(mutator.next())
        size += window[window.count - 1].body.count
        left -= 1
      }
      if left % 2000 < window.count { makeTables() }
      while !window.isEmpty, isFine {
        guard let open = wire else { return fail("no connection is taken: \(child.errors.suffix(2000))") }
        open.send(window.flatMap { Attack.bytes($0) })
        var answered = 0
        var start = ContinuousClock.now
        while answered < window.count, let answer = open.answer() {
          let now = ContinuousClock.now
          take(window[answered], answer.status, answer.body, now - start)
          start = now
          answered += 1
        }
        if answered < window.count {
          // The server may close a connection after an answer, but not without one.
          if answered == 0 { return died(window) }
          wire = Wire(port: port)
        }
        window.removeFirst(answered)
      }
    }
  }

  private func died(_ window: [RequestMutator.Request]) {
    fail(
      "no answer to one of these:\n\(window.map(Attack.shown).joined(separator: "\n"))\nthe server says: \(child.errors.suffix(3000))"
    )
  }

  private func take(_ request: RequestMutator.Request, _ status: Int, _ body: [UInt8], _ time: Duration) {
    state.withLock { state in
      state.answers[status, default: 0] += 1
      state.slowest = max(state.slowest, time)
    }
    if status >= 500, status != 503 || status == 0 {
      fail("\(status) \(String(decoding: body.prefix(500), as: UTF8.self)) to \(Attack.shown(request))")
    }
    // A busy machine does not make an answer slow: it is asked again, alone.
    guard time > MutatedRequestTests.answerMax, let wire = Wire(port: port) else { return }
    let waits = request.target.hasSuffix("Log") ? Duration.seconds(1) : .zero
    let start = ContinuousClock.now
    wire.send(Attack.bytes(request))
    _ = wire.answer()
    let again = ContinuousClock.now - start
    if again > MutatedRequestTests.answerMax + waits { fail("\(time), then \(again) for \(Attack.shown(request))") }
  }

  // MARK: Raw bytes

  func sendRaw(_ requests: RawRequests, _ count: Int) {
    var requests = requests
    var open: [(wire: Wire, sent: RawRequests.Connection)] = []
    for number in 0..<(count + Attack.rawMax) where isFine {
      if open.count == Attack.rawMax || number >= count, !open.isEmpty { finish(open.removeFirst()) }
      guard number < count else { continue }
      let connection = requests.next()
      guard let wire = Wire(port: port, seconds: 2) else {
        return fail("no connection is taken: \(child.errors.suffix(2000))")
      }
      for piece in connection.pieces where !wire.send(piece) { break }
      if connection.isReset {
        wire.reset()
      } else {
        wire.finish()
        open.append((wire, connection))
      }
    }
  }

  private func finish(_ one: (wire: Wire, sent: RawRequests.Connection)) {
    let (bytes, isWhole) = one.wire.rest()
    let sent = { String(decoding: one.sent.pieces.joined().prefix(3000), as: UTF8.self) }
    if !isWhole { fail("the connection was not ended after: \(sent())") }
    let text = String(decoding: bytes, as: UTF8.self)
    for part in text.components(separatedBy: "HTTP/1.").dropFirst() {
      guard let status = Int(part.dropFirst(2).prefix(3)) else { continue }
      state.withLock { $0.answers[status, default: 0] += 1 }
      // 505: a version of HTTP that is none of ours.
      if status >= 500, status != 503, status != 505 { fail("\(part.prefix(500)) to \(sent())") }
    }
  }
}

extension MutatedRequestTests {
  @Test(.timeLimit(.minutes(1))) func `the requests that mutations begin with are right`() async throws {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let server = try await DevProcess.serve(["--roles", "table", "--data", folder.file("data"), "-p", folder.file("notes")])
    let attack = Attack(server: server, seed: 0)
    let templates = try #require(attack.prepare())
    let refused = attack.refused(templates)
    // What has to be made first, or is of another server, is refused for that.
    let expected = [
      "NotFoundException", "ResourceInUseException", "ConditionalCheckFailedException", "InvalidExportTimeException",
      "InvalidRestoreTimeException", "TransactionCanceledException", "nextToken", "kinesis",
    ]
    #expect(refused.filter { text in !expected.contains { text.contains($0) } } == [])
  }
}

extension Attack {
  /// The templates that the server refuses as they are, with its words.
  func refused(_ templates: [RequestTemplates.Template]) -> [String] {
    guard let wire = Wire(port: port) else { return ["no connection"] }
    return templates.compactMap { template in
      let request = RequestMutator.Request(target: template.target, body: template.body.bytes)
      wire.send(Attack.bytes(request))
      guard let answer = wire.answer(), answer.status != 200 else { return nil }
      return "\(String(decoding: answer.body, as: UTF8.self)) to \(Attack.shown(request))"
    }
  }
}

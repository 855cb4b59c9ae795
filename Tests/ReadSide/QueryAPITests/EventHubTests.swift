import Foundation
import Services
import Synchronization
import Testing

@testable import HTTPServer
@testable import QueryAPI

/// Pages that listen: each has every event, and one that is too slow costs the others nothing.
@Suite struct EventHubTests {
  /// What a page has taken so far.
  private final class Listener: Sendable {
    let stream: ResponseStream
    private let taken = Mutex<[UInt8]>([])

    init(_ hub: EventHub) throws {
      guard let stream = hub.subscribe().stream else { throw NotSeen(description: "a page is refused") }
      self.stream = stream
    }

    /// Takes what is there, and answers all that it has.
    func take() -> String {
      taken.withLock { all in
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
          while true {
            let count = stream.read(into: buffer)
            guard count > 0 else { break }
            all += buffer[..<count]
          }
        }
        return String(decoding: all, as: UTF8.self)
      }
    }
  }

  @Test(.timeLimit(.minutes(2))) func `a page that is too slow misses events, and the others have them all`() async throws {
    let scene = try Scene()
    let round = Atomic(0)
    // Six events fill what waits for a page.
    let filling = String(repeating: "x", count: 200_000)
    let hub = EventHub(views: [scene.view], changed: scene.changed) { _ in
      Array("round \(round.load(ordering: .relaxed)) \(filling)".utf8)
    }
    let (slow, quick) = (try Listener(hub), try Listener(hub))
    let service = Task { try await hub.run() }
    for number in 1...8 {
      round.store(number, ordering: .relaxed)
      scene.changed.announce()
      try await see("round \(number)") { quick.take().contains("round \(number) ") }
    }
    let missed = slow.take()
    #expect(missed.contains("round 1 ") && !missed.contains("round 8 "), "\(missed.count) bytes")
    #expect(missed.hasSuffix("\n\n"), "an event was cut")
    // As soon as it takes something it has the next event, which says everything again.
    round.store(9, ordering: .relaxed)
    scene.changed.announce()
    try await see("the slow page goes on") { slow.take().contains("round 9 ") }
    service.cancel()
    try? await service.value
    #expect(slow.stream.send([1]) == .ended && quick.stream.send([1]) == .ended)
  }

  @Test(.timeLimit(.minutes(2))) func `a page that comes has what holds at once, and nothing is said twice`() async throws {
    let scene = try Scene()
    try scene.play("a", points: 5)
    let hub = EventHub(views: [scene.view], changed: scene.changed) { _ in Array("{}".utf8) }
    let service = Task { try await hub.run() }
    let first = try Listener(hub)
    try await see("the first page has both events") {
      first.take().contains("event: dashboard\ndata: {\"pipeline\":\"scene\"")
        && first.take().contains("event: status\ndata: {}\n\n")
    }
    let second = try Listener(hub)
    try await see("the second page has them without a change") { second.take().contains("event: status\ndata: {}\n\n") }
    let before = first.take().components(separatedBy: "event: status").count
    scene.changed.announce()
    try scene.play("b", points: 7)
    try await see("both have what changed") { first.take().contains("\"b\"") && second.take().contains("\"b\"") }
    // What has not changed was not sent again, but for the page that came.
    #expect(first.take().components(separatedBy: "event: status").count == before)
    service.cancel()
    try? await service.value
  }

  @Test(.timeLimit(.minutes(2))) func `what is announced is sent at once, by a hub that looks at nothing by itself`() async throws
  {
    let scene = try Scene()
    try scene.play("zero", points: 5)
    let hub = EventHub(views: [scene.view], changed: scene.changed, lookInterval: .seconds(3_600)) { _ in Array("{}".utf8) }
    let service = Task { try await hub.run() }
    let page = try Listener(hub)
    try await see("what holds") { page.take().contains("event: dashboard") }
    for (name, points) in [("first", Int64(6)), ("second", 7)] {
      try scene.play(name, points: points)
      scene.changed.announce()
      try await see(name) { page.take().contains("\"\(name)\"") }
    }
    service.cancel()
    try? await service.value
  }

  @Test func `a limited number of pages may listen, and one that leaves makes room`() throws {
    let scene = try Scene()
    let hub = EventHub(views: [scene.view], changed: scene.changed) { _ in [] }
    let all = (0..<EventHub.listenersMax).compactMap { _ in hub.subscribe().stream }
    #expect(all.count == EventHub.listenersMax)
    let refused = hub.subscribe()
    #expect(refused.status == 503 && refused.stream == nil)
    all[17].abandon()
    #expect(hub.subscribe().status == 200)
    #expect(hub.subscribe().status == 503)
  }
}

extension HTTPResponse {
  /// The stream that the body is; nil for bytes.
  fileprivate var stream: ResponseStream? { if case .stream(let stream) = body { stream } else { nil } }
}

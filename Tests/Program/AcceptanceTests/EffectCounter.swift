import Foundation
import PostgresTestKit
import Synchronization

/// Stands between workers and a table server, and counts the effects that are asked for: by the bytes of a request, which are the same whenever an effect is
/// asked for again, and differ between two effects.
final class EffectCounter: Sendable {
  private let proxy: LoopbackProxy
  private let counts: Counts

  private final class Counts: Sendable {
    let all = Mutex<[[UInt8]: [ContinuousClock.Instant]]>([:])

    func add(_ body: [UInt8]) { all.withLock { $0[body, default: []].append(.now) } }
  }

  /// The requests of one connection, as their bytes come.
  private struct Watcher: LoopbackProxy.Watcher {
    let counts: Counts
    private var bytes: [UInt8] = []

    init(_ counts: Counts) { self.counts = counts }

    mutating func sent(_ more: ArraySlice<UInt8>) {
      bytes += more
      while let end = bytes.indices.first(where: { bytes[$0...].starts(with: "\r\n\r\n".utf8) }) {
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
        let count = length.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
        guard bytes.count >= end + 4 + count else { return }
        if head.contains("ExpireItem") { counts.add(Array(bytes[(end + 4)..<(end + 4 + count)])) }
        bytes.removeFirst(end + 4 + count)
      }
    }

    func passes(_ answer: ArraySlice<UInt8>) -> Bool { true }
  }

  /// Listens on loopback until the value is gone; `server` is the table server's URL on loopback.
  init(_ server: String) throws {
    guard let port = server.split(separator: ":").last.flatMap({ UInt16($0) }) else {
      throw DevProcess.NotStarted(description: "\(server) has no port")
    }
    let counts = Counts()
    self.counts = counts
    proxy = try LoopbackProxy(.port(port)) { Watcher(counts) }
  }

  var url: String { "http://127.0.0.1:\(proxy.port)" }

  /// How often each effect was asked for.
  var asked: [Int] { counts.all.withLock { $0.values.map(\.count) } }

  /// By the bytes of the requests, when each effect was asked for.
  var times: [[UInt8]: [ContinuousClock.Instant]] { counts.all.withLock { $0 } }
}

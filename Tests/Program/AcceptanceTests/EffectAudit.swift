import DynamoModel
import Foundation
import Testing

/// Holds the deletions that reached a table server against the ends of workers.
///
/// A deletion carries no idempotency key: an item and the version that it is of are the same whenever an effect is asked for again. What the key is in the outbox
/// and in the ledger, the comparison with a replay says.
struct EffectAudit {
  /// A worker is killed, or stopped: it then gives back what it has begun.
  struct End {
    let begin: ContinuousClock.Instant
    let end: ContinuousClock.Instant
    /// The tables of the pipelines that the worker led: it alone carried their effects out.
    let tables: Set<String>
  }

  struct Request {
    let table: String
    let item: String
    let version: String
    let times: [ContinuousClock.Instant]
  }

  /// Between a request's bytes and their being noted.
  private static let noting = Duration.milliseconds(500)

  private(set) var ends: [End] = []

  mutating func add(_ end: End) { ends.append(end) }

  static func requests(_ counter: EffectCounter) throws -> [Request] {
    try counter.times.map { bytes, times in
      let body = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
      let key = body?["Key"] as? [String: [String: String]] ?? [:]
      return Request(
        table: body?["TableName"] as? String ?? "", item: "\(key["PK"]?["S"] ?? "")|\(key["SK"]?["S"] ?? "")",
        version: body?["SeenThrough"] as? String ?? "", times: times.sorted())
    }
  }

  /// How often each end had something asked for again. Whatever was asked for twice was so after the end of the worker that carried it out, and once for each.
  func check(_ counter: EffectCounter) throws -> [Int] {
    let requests = try EffectAudit.requests(counter)
    let items = Dictionary(grouping: requests) { "\($0.table) \($0.item)" }
    for (item, all) in items { #expect(all.count == 1, "\(item) was deleted in \(all.count) versions: \(all.map(\.version))") }
    var again = ends.map { _ in 0 }
    for request in requests {
      for (before, after) in zip(request.times, request.times.dropFirst()) {
        let place = ends.lastIndex {
          $0.tables.contains(request.table) && before <= $0.end + EffectAudit.noting && after >= $0.begin
        }
        if let place {
          again[place] += 1
        } else {
          Issue.record(
            "\(request.item) of \(request.table) was asked for again after \(before.duration(to: after)), and no worker had ended"
          )
        }
      }
    }
    return again
  }
}

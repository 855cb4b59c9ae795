import RandomTestKit
import Testing

@testable import TableStore

/// The queue of TTL entries within a round, against a sorted set.
@Suite struct ExpiryQueueTests {
  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func `the first entry is the least of what is there`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    func entry() -> [UInt8] { [0, UInt8.random(in: 0..<16, using: &generator), UInt8.random(in: 0...255, using: &generator)] }
    var stored: Set<[UInt8]> = []
    for _ in 0..<Int.random(in: 0...300, using: &generator) { stored.insert(entry()) }
    let database = stored.sorted { $0.lexicographicallyPrecedes($1) }
    var reads = 0
    var queue = ExpiryQueue(prefix: [0])
    var model = stored
    for _ in 0..<600 {
      if Bool.random(using: &generator) {
        let before =
          Bool.random(using: &generator)
          ? model.sorted { $0.lexicographicallyPrecedes($1) }.randomElement(using: &generator) : nil
        let after = Bool.random(using: &generator) ? entry() : nil
        if let after, model.contains(after) { continue }
        if let before { model.remove(before) }
        if let after { model.insert(after) }
        queue.replace(before, with: after)
      } else {
        let first = queue.first { (from, limit) -> [[UInt8]] in
          reads += 1
          return Array(database.drop { $0.lexicographicallyPrecedes(from) }.prefix(limit))
        }
        #expect(first == model.min { $0.lexicographicallyPrecedes($1) }, "seed \(seed)")
        if let first, Bool.random(using: &generator) {
          model.remove(first)
          queue.replace(first, with: nil)
        }
      }
    }
    #expect(reads <= database.count / ExpiryQueue.chunkMax + 1)
  }
}

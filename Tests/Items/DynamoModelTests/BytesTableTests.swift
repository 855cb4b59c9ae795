import DynamoModel
import RandomTestKit
import Testing

struct BytesTableTests {
  @Test func `it holds what a dictionary holds, through insertions and removals`() {
    var random = SeededGenerator(seed: 21)
    var table = BytesTable()
    var model: [[UInt8]: Int] = [:]
    for round in 0..<60_000 {
      // Waves, so that it grows, empties and is filled again.
      let isFilling = round / 10_000 % 2 == 0
      let key = Array("key-\(Int.random(in: 0..<4_000, using: &random))".utf8)
      #expect(table.slot(of: key) == model[key])
      if let slot = model[key] {
        if !isFilling || Int.random(in: 0..<4, using: &random) == 0 {
          table.remove(slot)
          model[key] = nil
        }
      } else if isFilling || Int.random(in: 0..<4, using: &random) == 0 {
        model[key] = table.insert(key)
      }
    }
    #expect(table.count == model.count)
    #expect(Set(model.values).count == model.count)
    for (key, slot) in model {
      #expect(table.slot(of: key) == slot)
      #expect(table.bytes(slot) == key)
    }
  }

  @Test func `slots are sorted as their bytes are`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for round in 0..<200 {
      var table = BytesTable()
      let shared = Array(repeating: UInt8.random(in: 0...255, using: &random), count: Int.random(in: 0...12, using: &random))
      var keys: Set<[UInt8]> = []
      for _ in 0..<Int.random(in: 0...60, using: &random) {
        let rest = (0..<Int.random(in: 0...14, using: &random)).map { _ in
          UInt8.random(in: 0...(round % 2 == 0 ? 1 : 255), using: &random)
        }
        if keys.insert(shared + rest).inserted { _ = table.insert(shared + rest) }
      }
      for key in keys.filter({ _ in Int.random(in: 0..<5, using: &random) == 0 }) {
        if let slot = table.slot(of: key) { table.remove(slot) }
        keys.remove(key)
      }
      let sorted = keys.sorted { $0.lexicographicallyPrecedes($1) }
      #expect(table.sortedSlots.map { table.bytes($0) } == sorted, "seed \(seed)")
    }
  }

  @Test func `a map keeps a value for each key`() {
    var random = SeededGenerator(seed: 22)
    var map = BytesMap<Int>()
    for round in 0..<3 {
      var model: [[UInt8]: Int] = [:]
      for _ in 0..<5_000 {
        let key = Array("key-\(Int.random(in: 0..<900, using: &random))".utf8)
        let slot = map.slot(of: key) { round }
        map.values[slot] += 1
        model[key, default: round] += 1
      }
      #expect(map.count == model.count)
      for (key, value) in model { #expect(map.values[map.slot(of: key) { -1 }] == value) }
      #expect(map.count == model.count)
      #expect(map.sortedSlots.map(map.key) == model.keys.sorted { $0.lexicographicallyPrecedes($1) })
      map = map.emptied()
      #expect(map.isEmpty && map.sortedSlots.isEmpty)
    }
  }

  @Test func `the empty string is a string`() {
    var table = BytesTable()
    #expect(table.slot(of: []) == nil)
    let slot = table.insert([])
    #expect(table.slot(of: []) == slot)
    table.remove(slot)
    #expect(table.slot(of: []) == nil && table.count == 0)
  }
}

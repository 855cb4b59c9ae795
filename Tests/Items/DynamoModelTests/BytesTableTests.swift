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

  @Test func `the empty string is a string`() {
    var table = BytesTable()
    #expect(table.slot(of: []) == nil)
    let slot = table.insert([])
    #expect(table.slot(of: []) == slot)
    table.remove(slot)
    #expect(table.slot(of: []) == nil && table.count == 0)
  }
}

import DynamoModel
import MemoryReadModels
@testable import Projections
import RandomTestKit
import Testing

@Suite struct FewValuesTests {
  @Test func `values in the state answer as those in a store do, and go there when they are many`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    var moved = 0
    for round in 0..<300 {
      var plain = MemoryValues()
      var counts: [[UInt8]: Int64] = [:]
      var lists = ColumnValues(few: [FewValues(), nil], store: MemoryValues())
      // Keys of different lengths: some rounds stay in the state, some outgrow it.
      let length = [2, 20, 90][round % 3]
      func key() -> [UInt8] { Array(repeating: 7, count: length) + [UInt8.random(in: 0..<12, using: &random)] }
      for _ in 0..<60 {
        let column = Int.random(in: 0..<2, using: &random)
        let key = key()
        let count = counts[[UInt8(column)] + key] ?? 0
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<6:
          let change: Int64 = count > 0 && Bool.random(using: &random) ? -count : Int64.random(in: 0...2, using: &random)
          let kept = Bool.random(using: &random) || count == 0 ? [UInt8.random(in: 0..<3, using: &random)] : nil
          counts[[UInt8(column)] + key] = count + change
          let expected = plain.add(column: column, key: key, kept: kept, change: change)
          let got = try lists.add(column: column, key: key, kept: kept, change: change)
          #expect(got == expected, "seed \(seed)")
        case 6:
          let low = Bool.random(using: &random) ? self.key(length, 3) : nil
          plain.removeAll(above: low, below: key, column: column)
          for other in counts.keys where other[0] == column {
            let own = Array(other.dropFirst())
            if low.map({ Bytes.less($0, own) }) ?? true, Bytes.less(own, key) { counts[other] = 0 }
          }
          try lists.removeAll(above: low, below: key, column: column)
        default: break
        }
        for greatest in [true, false] {
          let (got, expected) = (
            try lists.extreme(column: column, greatest: greatest), plain.extreme(column: column, greatest: greatest)
          )
          #expect(got?.key == expected?.key && got?.kept == expected?.kept, "seed \(seed)")
        }
        #expect(try lists.before(key, column: column)?.key == plain.before(key, column: column)?.key, "seed \(seed)")
        let prefix = Array(key.prefix(Int.random(in: 1...key.count, using: &random)))
        #expect(try lists.least(column: column, prefix: prefix) == plain.least(column: column, prefix: prefix), "seed \(seed)")
      }
      if lists.few[0] == nil { moved += 1 }
    }
    #expect(moved > 20 && moved < 280, "\(moved)")
  }

  private func key(_ length: Int, _ last: UInt8) -> [UInt8] { Array(repeating: 7, count: length) + [last] }

  @Test func `a list goes to the store one byte past its limit`() {
    for more in [0, 1] {
      var few = FewValues()
      _ = few.add([1], kept: [], change: 1)
      _ = few.add(Array(repeating: 2, count: FewValues.bytesMax - 1 + more), kept: [], change: 1)
      #expect(few.isTooLarge == (more == 1))
    }
    // A single one stays, however long.
    var few = FewValues()
    _ = few.add(Array(repeating: 2, count: FewValues.bytesMax * 2), kept: [], change: 1)
    #expect(!few.isTooLarge)
  }
}

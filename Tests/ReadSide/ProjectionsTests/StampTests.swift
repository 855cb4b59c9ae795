import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import Projections
import RandomTestKit
import RecordLiteralTestKit
import Testing

/// The order of changes, as values and as bytes.
@Suite struct StampTests {
  private func stamp(_ random: inout SeededGenerator) -> Stamp {
    // Few values, so that ties at every place of the tuple come up; and the ends of what each can hold.
    Stamp(
      time: [.distantPast, -1, 0, 1, .distantFuture].randomElement(using: &random) ?? 0,
      order: [0, 1, .afterAll].randomElement(using: &random) ?? 0,
      tableID: TableID(rawValue: [0, 1, .max].randomElement(using: &random) ?? 0),
      partition: [0, 1, 4_095].randomElement(using: &random) ?? 0,
      sequence: [0, 1, .afterAll].randomElement(using: &random) ?? 0)
  }

  @Test func `changes are ordered by time, order, table, partition and sequence`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      let (a, b) = (stamp(&random), stamp(&random))
      let left: (Instant, CommitOrder, UInt64, Int, SequenceNumber) = (
        a.time, a.order, a.tableID.rawValue, a.partition, a.sequence
      )
      let right: (Instant, CommitOrder, UInt64, Int, SequenceNumber) = (
        b.time, b.order, b.tableID.rawValue, b.partition, b.sequence
      )
      #expect((a < b) == (left < right), "seed \(seed): \(a) \(b)")
      #expect((a == b) == (left == right), "seed \(seed): \(a) \(b)")
    }
  }

  @Test func `bytes compare as stamps do, and are read again`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      let (a, b) = (stamp(&random), stamp(&random))
      #expect((a < b) == Bytes.less(a.ordered, b.ordered), "seed \(seed): \(a) \(b)")
      #expect(a.ordered.count == Stamp.orderedBytes && Stamp(ordered: a.ordered) == a, "seed \(seed): \(a)")
    }
  }

  @Test func `bytes that no stamp makes are refused`() {
    let stamp = Stamp(time: 1, order: 2, tableID: TableID(rawValue: 3), partition: 4, sequence: 5)
    #expect(Stamp(ordered: []) == nil)
    #expect(Stamp(ordered: stamp.ordered.dropLast()) == nil)
    #expect(Stamp(ordered: stamp.ordered + [0]) == nil)
    var partition = stamp.ordered
    partition[24] = 0xff
    #expect(Stamp(ordered: partition) == nil)
  }

  @Test func `none comes before every record`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<1_000 {
      let other = stamp(&random)
      #expect(!(other < .none), "seed \(seed): \(other)")
    }
  }
}

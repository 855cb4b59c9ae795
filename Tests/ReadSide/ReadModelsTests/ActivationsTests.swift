import ChangeRecords
import LiteralTestKit
import Pipelines
import Projections
import ReadModels
import RecordLiteralTestKit
import Testing

/// Since when effects are active, in each lane and for the decider.
@Suite struct ActivationsTests {
  private let table = TableID(rawValue: 7)

  private func place(_ partition: Int, _ sequence: SequenceNumber, _ watermark: Instant) -> LogPlace {
    LogPlace(tableID: table, partition: partition, sequence: sequence, watermark: watermark)
  }

  @Test func `each lane has its own place, the decider the greatest watermark`() {
    var all = Activations()
    all.add("a", nil)
    all.add("b", nil)
    for partition in 0..<3 { all.add("a", place(partition, SequenceNumber(partition * 10), [5, 9, 1][partition])) }
    all.add("b", place(0, 4, -3))
    #expect(all.of(table, 1) == ["a": Activation(sequence: 10, watermark: 9), "b": .always])
    #expect(all.of(table, 0)["b"] == Activation(sequence: 4, watermark: -3))
    #expect(all.ofDecider == ["a": Activation(sequence: 0, watermark: 9), "b": Activation(sequence: 0, watermark: -3)])
  }

  @Test func `in another life of the table, and in a partition that was not there, an effect is active from the beginning`() {
    var all = Activations()
    all.add("a", place(0, 100, 100))
    #expect(all.of(TableID(rawValue: 8), 0) == ["a": .always])
    #expect(all.of(table, 5) == ["a": .always])
  }

  @Test func `an effect without a log is active from the beginning, one that is not there is not`() {
    var all = Activations()
    all.add("a", nil)
    #expect(all.of(table, 0) == ["a": .always] && all.ofDecider["a"] == .always)
    #expect(all.of(table, 0)["b"] == nil)
    #expect(Activations.always(["a"]) == all && Activations.always([]) == Activations())
  }
}

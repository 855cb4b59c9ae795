import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import RecordLiteralTestKit
@testable import Projections

/// A stamp of a time and an order.
func stamp(
  _ time: Instant, _ order: UInt64 = 0, table: UInt64 = 1, partition: Int = 0, sequence: SequenceNumber? = nil
) -> Stamp {
  Stamp(
    time: time, order: CommitOrder(rawValue: order), tableID: TableID(rawValue: table), partition: partition,
    sequence: sequence ?? SequenceNumber(rawValue: order))
}

/// An engine at the beginning of a lane.
func engine(
  _ pipeline: Pipeline, _ partition: Int = 0, table: TableIndex = 0, activations: [String: Activation]? = nil
) -> LaneEngine {
  LaneEngine(
    pipeline: pipeline, table: table, partition: partition, tableID: TestHistory.tableID(table), sequence: 0,
    firedThrough: .distantPast,
    stored: [:],
    activations: activations
      ?? Dictionary(uniqueKeysWithValues: EffectRules.names(of: pipeline).map { ($0, Activation.always) }))
}

extension [UInt8] {
  /// Reads these bytes.
  func read<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result { try withUnsafeBytes(body) }
}

/// Every order of some things.
func permutations<Element>(_ all: [Element]) -> [[Element]] {
  if all.count < 2 { return [all] }
  return all.indices.flatMap { index in
    var rest = all
    let first = rest.remove(at: index)
    return permutations(rest).map { [first] + $0 }
  }
}

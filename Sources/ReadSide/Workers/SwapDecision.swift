internal import ChangeLog
package import ChangeRecords
package import Pipelines
package import ReadModels

/// Whether a generation may take another's place.
package enum SwapDecision {
  /// How far a lane has come, for the comparison.
  package struct Place: Sendable, Equatable {
    package var sequence: SequenceNumber
    package var firedThrough: Instant

    package init(sequence: SequenceNumber, firedThrough: Instant) {
      self.sequence = sequence
      self.firedThrough = firedThrough
    }
  }

  /// As below, of positions that the stores hold; lanes are the same when table id and partition are.
  package static func isReached(_ new: [LaneID: LanePosition], old: OldGeneration) -> Bool {
    new.allSatisfy { lane, position in
      guard let before = old.position(lane, of: position) else { return true }
      return position.cursor.sequence >= before.cursor.sequence && position.firedThrough >= before.firedThrough
    }
  }

  /// No lane of the new one stands lower than the old one's. A lane that the old one does not have, or that it stopped in, holds nothing
  /// back.
  package static func isReached(_ new: [LaneID: Place], old: [LaneID: Place]) -> Bool {
    new.allSatisfy { lane, place in
      guard let before = old[lane] else { return true }
      return place.sequence >= before.sequence && place.firedThrough >= before.firedThrough
    }
  }
}

/// The number of a record in its partition: 1, 2, 3, ... without gaps, of one life of a table. As a place it means "after this record";
/// 0 is the place before the first.
package struct SequenceNumber: Hashable, Comparable, BitwiseCopyable, Sendable, CustomStringConvertible {
  package let rawValue: UInt64

  @inlinable
  package init(rawValue: UInt64) { self.rawValue = rawValue }

  /// A number as `UInt64` reads it; nil for anything else.
  package init?(_ text: some StringProtocol) {
    guard let value = UInt64(text) else { return nil }
    rawValue = value
  }

  /// The place before the first record.
  @inlinable
  package static var beforeAll: SequenceNumber { SequenceNumber(rawValue: 0) }

  /// The first record of a log that was never trimmed.
  @inlinable
  package static var first: SequenceNumber { SequenceNumber(rawValue: 1) }

  /// After every record that a log can have.
  @inlinable
  package static var afterAll: SequenceNumber { SequenceNumber(rawValue: .max) }

  /// The next record's number. No log comes near the largest.
  @inlinable
  package var next: SequenceNumber { SequenceNumber(rawValue: rawValue + 1) }

  /// The place before this record; of the place before the first record, that place itself.
  @inlinable
  package var previous: SequenceNumber { earlier(by: 1) }

  /// The place so many records before this one, or that before the first record.
  @inlinable
  package func earlier(by count: UInt64) -> SequenceNumber { SequenceNumber(rawValue: rawValue > count ? rawValue - count : 0) }

  /// How many records come after `place` up to this one; 0 if this one is not later.
  @inlinable
  package func records(after place: SequenceNumber) -> UInt64 { rawValue > place.rawValue ? rawValue - place.rawValue : 0 }

  @inlinable
  package static func == (left: SequenceNumber, right: SequenceNumber) -> Bool { left.rawValue == right.rawValue }

  @inlinable
  package static func < (left: SequenceNumber, right: SequenceNumber) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}

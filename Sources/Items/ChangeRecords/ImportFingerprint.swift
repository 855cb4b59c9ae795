internal import DynamoModel

/// What an import has applied so far, in 128 bits: its rows in their order, with the times that were given for them, however they were cut into
/// batches. Two imports with one fingerprint after as many rows have had the same rows. It finds mistakes, not attacks, as `StableHash` does.
///
/// As text 32 hexadecimal digits.
package struct ImportFingerprint: Hashable, BitwiseCopyable, Sendable, CustomStringConvertible {
  package let rawValue: UInt128

  package init(rawValue: UInt128) { self.rawValue = rawValue }

  /// Before the first row.
  package static var ofNothing: ImportFingerprint { ImportFingerprint(rawValue: 0) }

  package init?(_ text: String) {
    guard text.utf8.count == 32, let value = UInt128(text, radix: 16) else { return nil }
    rawValue = value
  }

  /// One row by itself, to be added with `adding`: the stored form of its item, and the time that was given for it. O(bytes).
  package static func row(_ item: [UInt8], at time: LogTime?) -> ImportFingerprint {
    ImportFingerprint(rawValue: StableHash.bits(of: item)).joined(with: UInt128(truncatingIfNeeded: time?.rawValue ?? -1))
  }

  /// With one more row.
  package func adding(_ row: ImportFingerprint) -> ImportFingerprint { joined(with: row.rawValue) }

  private func joined(with other: UInt128) -> ImportFingerprint {
    withUnsafeBytes(of: (rawValue.littleEndian, other.littleEndian)) { ImportFingerprint(rawValue: StableHash.bits(of: $0)) }
  }

  package var description: String {
    let digits = String(rawValue, radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
  }
}

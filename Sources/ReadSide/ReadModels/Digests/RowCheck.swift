internal import DynamoModel
package import Pipelines

/// A row as it stands in a store, for a check.
package struct StoredRow: Sendable {
  /// By column; nil where what stands there is not the one form of a value of the column's type.
  package let values: [Value?]
  /// The hash stored with it.
  package let hash: [UInt8]

  package init(values: [Value?], hash: [UInt8]) {
    self.values = values
    self.hash = hash
  }
}

/// A projection's rows compared with their hashes, and their sum with what checkpoints kept of it.
package struct RowCheck: Sendable {
  package let projection: String
  /// What checkpoints kept.
  package let kept: Digest
  /// What the rows' values amount to now.
  package private(set) var found = Digest()
  /// The keys of the first `namedMax` rows that do not equal their hashes, as `column=value, ...`.
  package private(set) var unequal: [String] = []
  /// How many such rows there are.
  package private(set) var unequalCount = 0
  /// Why the rows could not be read to their end; nil when they could.
  package var failure: String?

  /// Rows that are named.
  package static let namedMax = 20

  private let table: SQLTable
  private var hasher: RowHasher

  package init(_ projection: Projection, kept: Digest) {
    self.projection = projection.name
    self.kept = kept
    table = projection.table
    hasher = RowHasher(projection.table)
  }

  package var isFine: Bool { failure == nil && unequalCount == 0 && found == kept }

  package mutating func add(_ row: StoredRow) {
    let hash = hasher.hash(row.values.map { $0 ?? .null })
    found.add(hash)
    if !row.values.contains(where: { $0 == nil }), hash.bytes == row.hash { return }
    unequalCount += 1
    if unequal.count < RowCheck.namedMax { unequal.append(key(row)) }
  }

  /// The declared key: what the engine itself adds to a key says nothing to a reader.
  private func key(_ row: StoredRow) -> String {
    let own = table.primaryKey.filter { !table.columns[$0].name.hasPrefix("_") }
    return (own.isEmpty ? table.primaryKey : own).map {
      "\(table.columns[$0].name)=\(RowCheck.shortened(row.values[$0]?.description ?? "?"))"
    }.joined(separator: ", ")
  }

  private static let shownMax = 100

  private static func shortened(_ text: String) -> String {
    text.count <= shownMax ? text : text.prefix(shownMax) + "..."
  }

  /// What is wrong, one sentence for each finding; empty when nothing is.
  package var findings: [String] {
    var all = unequal.map { "\(projection): the row \($0) does not match its hash" }
    if unequalCount > unequal.count { all.append("\(projection): \(unequalCount - unequal.count) more rows do not match theirs") }
    if let failure {
      all.append("\(projection): its rows cannot be read to their end: \(failure)")
    } else if found.rows != kept.rows {
      all.append("\(projection): there are \(found.rows) rows, and checkpoints have written \(kept.rows)")
    } else if unequalCount == 0, found != kept {
      all.append("\(projection): its rows have the digest \(found.digits), and checkpoints have written \(kept.digits)")
    }
    return all
  }
}

extension [RowCheck] {
  /// One digest of the projections by their names: 32 hexadecimal digits.
  package var digest: String {
    var bytes: [UInt8] = []
    for check in self {
      Value.string(check.projection).appendOrdered(to: &bytes)
      Value.integer(Int64(check.found.rows)).appendOrdered(to: &bytes)
      bytes += check.found.sumBytes
    }
    return Digest(sum: StableHash.bits(of: bytes)).digits
  }
}

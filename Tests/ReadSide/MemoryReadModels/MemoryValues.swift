internal import DynamoModel
package import Pipelines
internal import Projections

/// The counted values of a group, by column.
package struct MemoryValues: GroupValues, Sendable {
  var all: [Int: [BytesKey: (kept: [UInt8], count: Int64)]] = [:]
  package var watermark = Instant.distantPast

  package init() {}

  package mutating func add(column: Int, key: [UInt8], kept: [UInt8]?, change: Int64) -> (before: Int64, after: Int64) {
    let old = all[column]?[BytesKey(key)]
    let after = (old?.count ?? 0) + change
    all[column, default: [:]][BytesKey(key)] = after == 0 ? nil : (kept ?? old?.kept ?? [], after)
    return (after - change, after)
  }

  private func sorted(_ column: Int) -> [(key: [UInt8], kept: [UInt8])] {
    (all[column] ?? [:]).map { ($0.key.bytes, $0.value.kept) }.sorted { Bytes.less($0.key, $1.key) }
  }

  package func kept(column: Int, key: [UInt8]) -> [UInt8]? { all[column]?[BytesKey(key)]?.kept }

  package func extreme(column: Int, greatest: Bool) -> (key: [UInt8], kept: [UInt8])? {
    greatest ? sorted(column).last : sorted(column).first
  }

  package func least(column: Int, prefix: [UInt8]) -> [UInt8]? {
    sorted(column).filter { $0.key.starts(with: prefix) }.map(\.kept).min { Bytes.less($0, $1) }
  }

  package func before(_ key: [UInt8], column: Int) -> (key: [UInt8], kept: [UInt8])? {
    sorted(column).last { Bytes.less($0.key, key) }
  }

  package mutating func removeAll(above low: [UInt8]?, below high: [UInt8], column: Int) {
    for (key, _) in sorted(column) where (low.map { Bytes.less($0, key) } ?? true) && Bytes.less(key, high) {
      all[column]?[BytesKey(key)] = nil
    }
  }
}

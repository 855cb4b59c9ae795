internal import CZlib
internal import ChangeRecords
internal import DynamoModel

/// A place in a shard, handed to a client: a cursor over sequence numbers, good for 15 minutes.
///
/// As text the stream's ARN, `1`, and in base64 the shard's id, the next sequence number, the time of issue and a checksum, with
/// `|` between them.
struct ShardIterator {
  static let lifetime: Int64 = 900_000

  let arn: String
  let shard: String
  let next: SequenceNumber
  /// Milliseconds since 1970.
  let issuedAt: Int64

  init(arn: String, shard: String, next: SequenceNumber, issuedAt: Int64) {
    self.arn = arn
    self.shard = shard
    self.next = next
    self.issuedAt = issuedAt
  }

  var text: String {
    let place = "\(shard)|\(next)|\(issuedAt)"
    let all = "\(place)|\(ShardIterator.checksum(arn, place))"
    return "\(arn)|1|\(Base64.encode(Array(all.utf8)))"
  }

  /// Nil for what this server did not issue.
  init?(_ text: String) {
    let outer = text.split(separator: "|", omittingEmptySubsequences: false)
    guard outer.count == 3, outer[1] == "1", let bytes = Base64.decode(Array(outer[2].utf8)) else { return nil }
    let inner = String(decoding: bytes, as: UTF8.self).split(separator: "|", omittingEmptySubsequences: false)
    guard inner.count == 4, let next = SequenceNumber(inner[1]), let issuedAt = Int64(inner[2]) else { return nil }
    self.init(arn: String(outer[0]), shard: String(inner[0]), next: next, issuedAt: issuedAt)
    guard inner[3] == ShardIterator.checksum(arn, "\(inner[0])|\(inner[1])|\(inner[2])") else { return nil }
  }

  private static func checksum(_ arn: String, _ place: String) -> String {
    let bytes = Array("\(arn)|\(place)".utf8)
    return String(bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }, radix: 16)
  }
}

package import ChangeLog
internal import DynamoModel

/// The names of a table's topics: `<namespace>.<table>`, beside it `<namespace>.<table>.relay`, and `<namespace>.<table>.published.2` and so on
/// for records that were published again.
///
/// Kafka holds 249 of letters, digits, `.`, `_` and `-`. A table name that does not fit, or that would make the topic of one table one of
/// another (it ends in `.relay`, or in `.published.` and digits), is cut, and a hash of the whole name appended.
package struct TopicNames: Sendable {
  package let namespace: Namespace
  private let prefix: String
  private static let suffix = ".relay"
  private static let again = ".published."
  /// How often a table can be published: what the names leave room for.
  package static let publicationsMax = 99_999
  private static let topicBytesMax = 249

  package init(_ namespace: Namespace = .usual) {
    self.namespace = namespace
    prefix = namespace.name + "."
  }

  private var nameBytesMax: Int { TopicNames.topicBytesMax - prefix.utf8.count - TopicNames.again.utf8.count - 5 }

  /// The topic of a table's records, published for the nth time.
  package func records(of table: String, publication: Int = 1) -> String {
    prefix + held(table) + (publication == 1 ? "" : TopicNames.again + "\(publication)")
  }

  package func companion(of table: String) -> String { prefix + held(table) + TopicNames.suffix }

  /// The transactional id of whoever publishes a table.
  package func transactionalID(of table: String) -> String { "\(prefix)relay.\(records(of: table))" }

  private static func isTaken(_ bytes: [UInt8]) -> Bool {
    let digits = bytes.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
    return bytes.ends(with: suffix.utf8) || (digits > 0 && Array(bytes.dropLast(digits)).ends(with: again.utf8))
  }

  private func held(_ table: String) -> String {
    let bytes = Array(table.utf8)
    if bytes.count <= nameBytesMax, bytes.allSatisfy(TopicNames.isHeld), !TopicNames.isTaken(bytes) { return table }
    let digits = String(StableHash.fnv1a(bytes[...]), radix: 16)
    let kept = bytes.prefix(nameBytesMax - 17).map { TopicNames.isHeld($0) ? $0 : UInt8(ascii: "_") }
    return String(decoding: kept, as: UTF8.self) + "-" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func isHeld(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension [UInt8] {
  fileprivate func ends(with suffix: String.UTF8View) -> Bool { self.suffix(suffix.count).elementsEqual(suffix) }
}

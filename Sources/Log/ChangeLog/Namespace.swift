/// Begins the names of everything that an environment keeps where others keep theirs: topics, consumer groups and transactional ids on a Kafka cluster,
/// schemas, locks, channels and the reader role in a PostgreSQL database. Two environments with names of their own share either and see nothing of each other.
///
/// A name is a small letter, then small letters, digits and `-`. It has no `.` and no `_`, which come after it: so no name of one environment is one of another,
/// and topics differ in the form that Kafka's metrics give them, too, where `.` and `_` are one.
package struct Namespace: Sendable, Equatable {
  /// Where no other is given.
  package static let usual = Namespace(known: "afterimage")
  /// Of a name. Shortened identifiers keep it whole, and tables of all but the longest names keep theirs.
  package static let bytesMax = 32

  package let name: String

  /// Why a text cannot be one: a sentence.
  package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  private init(known name: String) { self.name = name }

  package init(_ name: String) throws(Refusal) {
    let bytes = Array(name.utf8)
    guard let first = bytes.first, Namespace.letters.contains(first),
      bytes.allSatisfy({ Namespace.letters.contains($0) || Namespace.digits.contains($0) || $0 == UInt8(ascii: "-") })
    else {
      throw Refusal(
        description: "`\(name)` cannot be a namespace: use a small letter, then small letters, digits and `-`")
    }
    guard bytes.count <= Namespace.bytesMax else {
      throw Refusal(
        description: "`\(name)` has \(bytes.count) characters, and a namespace at most \(Namespace.bytesMax)")
    }
    guard name != "pg" else {
      throw Refusal(description: "`pg` cannot be a namespace: PostgreSQL keeps names that begin with pg_ for itself")
    }
    self.name = name
  }

  /// As options of a command, after a space; empty for the usual one.
  package var option: String { self == .usual ? "" : " --namespace \(name)" }

  private static let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
}

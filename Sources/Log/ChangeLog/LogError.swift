/// Why a log cannot be read.
package struct LogError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: String, Sendable {
    /// Passing: the same call may go through later.
    case retry
    /// The log's owner does not allow it: the same call goes through once they do.
    case denied
    /// A record is unreadable, or a number is missing: the lane stops for an operator.
    case corrupt
    /// What is asked for is no longer kept.
    case trimmed
    /// The table was deleted, or deleted and created again.
    case recreated
    /// The log is not what the settings say: no such table or topic, another number of partitions.
    case configuration
  }

  package let kind: Kind
  package let table: String
  package let partition: Int?
  package let message: String

  package init(_ kind: Kind, table: String, partition: Int? = nil, _ message: String) {
    self.kind = kind
    self.table = table
    self.partition = partition
    self.message = message
  }

  package var description: String {
    let place = partition.map { "\(table)[\($0)]" } ?? table
    return "\(place): \(message)"
  }
}

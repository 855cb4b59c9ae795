package import DynamoModel

/// What one effect does beyond deleting, with every value in its place: it is the same at each attempt.
package enum ResolvedAction: Sendable, Equatable {
  case put(table: String, key: Item, item: Item, condition: WriteCondition?)
  case update(table: String, key: Item, set: Item, remove: [String], condition: WriteCondition?)
  /// `body` is JSON.
  case webhook(url: String, headers: [Header], body: String)
  /// `value` is JSON.
  case topic(name: String, key: String?, value: String)
  case mail(to: [String], subject: String, text: String)
  /// The values make nothing that could be carried out: it is given up at once, with the reason.
  case refused(reason: String)

  package struct Header: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// In DynamoDB's grammar, with the values of all of its placeholders.
  package struct WriteCondition: Sendable, Equatable {
    package let text: String
    /// By placeholder: `#n0` and an attribute's name.
    package let names: [String: String]
    package let values: Item

    package init(text: String, names: [String: String], values: Item) {
      self.text = text
      self.names = names
      self.values = values
    }
  }

  /// The word of the grammar.
  package var kind: String {
    switch self {
    case .put: "put"
    case .update: "update"
    case .webhook: "webhook"
    case .topic: "topic"
    case .mail: "mail"
    case .refused: "refused"
    }
  }
}

/// What an action may hold.
package enum ActionLimits {
  /// Of a body, of a record's value, of a mail's text: Kafka and most receivers take a megabyte.
  package static let payloadBytesMax = 900_000
  package static let urlBytesMax = 8_192
  package static let headerBytesMax = 4_096
  /// Of a mail's subject: a line of a message has at most 998 bytes.
  package static let subjectBytesMax = 900
  package static let recipientsMax = 100
  /// Of an address, by RFC 5321.
  package static let addressBytesMax = 254
}

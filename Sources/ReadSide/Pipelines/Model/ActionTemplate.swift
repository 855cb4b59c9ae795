package import DynamoModel

/// What an effect does beyond deleting: a write of an item, or a message that goes out, with the values of a transition left open.
///
/// Values are indexes into what the trigger gives: with a change its source's inputs, with a session the columns of its row, with a board its columns
/// and `closed_at`.
package enum ActionTemplate: Sendable {
  /// Writes a whole item, if the condition holds of the one that is there.
  case put(table: TableIndex, item: [Member], condition: ConditionTemplate?)
  /// Sets attributes of an item, if the condition holds; makes it where there is none.
  case update(table: TableIndex, key: [Member], set: [Member], condition: ConditionTemplate?)
  /// Sends JSON to a URL by POST. Scheme and host are the same for every value.
  case webhook(url: TextTemplate, headers: [(name: String, value: TextTemplate)], body: ValueTemplate)
  /// A record of a Kafka topic, with JSON as its value.
  case topic(name: String, key: ValueTemplate?, value: ValueTemplate)
  /// A message for the mail command.
  case mail(to: [ValueTemplate], subject: TextTemplate, text: TextTemplate)

  /// The word of the grammar.
  package var kind: String {
    switch self {
    case .put: "put"
    case .update: "update"
    case .webhook: "webhook"
    case .topic: "topic"
    case .mail: "mail"
    }
  }

  /// An attribute of an item or a member of an object.
  package typealias Member = (name: String, value: ValueTemplate)
}

/// A value with parts left open.
package indirect enum ValueTemplate: Sendable {
  case literal(Value)
  case input(Int)
  case text(TextTemplate)
  case object([ActionTemplate.Member])
  case list([ValueTemplate])
}

/// A text with values in it: `Room {room} is open`.
package struct TextTemplate: Sendable {
  package enum Part: Sendable, Equatable {
    case text(String)
    case input(Int)
  }

  package let parts: [Part]

  package init(_ parts: [Part]) { self.parts = parts }
}

/// A condition on the item that is there, as a table server takes it.
package struct ConditionTemplate: Sendable {
  /// As the file has it.
  package let source: String
  /// In DynamoDB's grammar, with placeholders.
  package let text: String
  package let names: [(placeholder: String, name: String)]
  package let literals: [(placeholder: String, value: AttributeValue)]
  /// Values of the transition, by their placeholders.
  package let inputs: [(placeholder: String, input: Int)]

  /// Each property by its name.
  package init(
    source: String, text: String, names: [(placeholder: String, name: String)],
    literals: [(placeholder: String, value: AttributeValue)], inputs: [(placeholder: String, input: Int)]
  ) {
    self.source = source
    self.text = text
    self.names = names
    self.literals = literals
    self.inputs = inputs
  }
}

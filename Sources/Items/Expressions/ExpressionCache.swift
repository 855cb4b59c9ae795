package import DynamoModel
internal import Synchronization

/// Parsed expressions by their text: a program sends the same few texts over and over. Bounded: when it is full it
/// starts again. Safe from any thread; a lookup hashes the text once.
package final class ExpressionCache: Sendable {
  package static let textsMax = 1024

  private let conditions = Parsed<ParsedCondition>()
  private let filters = Parsed<ParsedCondition>()
  private let keyConditions = Parsed<ParsedKeyCondition>()
  private let updates = Parsed<ParsedUpdate>()
  private let projections = Parsed<ParsedProjection>()

  package init() {}

  package func condition(_ text: String) throws(DynamoError) -> ParsedCondition {
    try conditions.value(text) { (text) throws(DynamoError) in try ParsedCondition(text, kind: .condition) }
  }

  package func filter(_ text: String) throws(DynamoError) -> ParsedCondition {
    try filters.value(text) { (text) throws(DynamoError) in try ParsedCondition(text, kind: .filter) }
  }

  package func keyCondition(_ text: String) throws(DynamoError) -> ParsedKeyCondition {
    try keyConditions.value(text) { (text) throws(DynamoError) in try ParsedKeyCondition(text) }
  }

  package func update(_ text: String) throws(DynamoError) -> ParsedUpdate {
    try updates.value(text) { (text) throws(DynamoError) in try ParsedUpdate(text) }
  }

  package func projection(_ text: String) throws(DynamoError) -> ParsedProjection {
    try projections.value(text) { (text) throws(DynamoError) in try ParsedProjection(text) }
  }
}

/// Parsed forms of one kind of expression. Keyed by bytes: Swift's own equality of strings would take different names for
/// one.
private final class Parsed<Value: Sendable>: Sendable {
  private let values = Mutex<[[UInt8]: Value]>([:])

  func value(_ text: String, _ parse: (String) throws(DynamoError) -> Value) throws(DynamoError) -> Value {
    let key = Array(text.utf8)
    if let known = values.withLock({ $0[key] }) { return known }
    let parsed = try parse(text)
    values.withLock { values in
      if values.count >= ExpressionCache.textsMax { values.removeAll() }
      values[key] = parsed
    }
    return parsed
  }
}

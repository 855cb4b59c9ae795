internal import DynamoModel

/// The checks of the service model, which DynamoDB makes before all others and reports together, up to ten of them.
struct Constraints {
  private var failures: [String] = []

  static let failuresMax = 10

  /// Throws when something failed.
  func check() throws(DynamoError) {
    guard !failures.isEmpty else { return }
    let shown = failures.prefix(Constraints.failuresMax)
    throw .validation(
      "\(shown.count) validation error\(shown.count == 1 ? "" : "s") detected: \(shown.joined(separator: "; "))")
  }

  mutating func fail(_ value: String?, at path: String, _ constraint: String) {
    let shown = value.map { "'\($0)'" } ?? "null"
    failures.append("Value \(shown) at '\(path)' failed to satisfy constraint: \(constraint)")
  }

  /// A failure whose value is too large to be quoted. `path` is in the words of the service model.
  mutating func failUnquoted(at path: String, _ constraint: String) {
    failures.append("Value at '\(path)' failed to satisfy constraint: \(constraint)")
  }

  mutating func required(_ isThere: Bool, at path: String) {
    if !isThere { fail(nil, at: path, "Member must not be null") }
  }

  /// A table by its name or ARN, as the operations on items take it.
  mutating func table(_ table: String?, at path: String) {
    if table == "" { return fail("", at: path, "Member must have length greater than or equal to 1") }
    name(table, at: path)
  }

  /// Tables as the names of a map: one failure for all of them.
  mutating func tables(_ tables: [String], shown: @autoclosure () -> String, at path: String) {
    guard !tables.allSatisfy(Constraints.isName) else { return }
    fail(
      shown(), at: path,
      "Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater "
        + "than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]")
  }

  private static func isName(_ name: String) -> Bool {
    (ModelBounds.tableName.min...ModelBounds.tableName.max).contains(name.utf16.count) && name.utf8.allSatisfy(isNameByte)
  }

  mutating func name(_ name: String?, at path: String, isRequired: Bool = true) {
    guard let name else {
      if isRequired { required(false, at: path) }
      return
    }
    let length = name.utf16.count
    if length < ModelBounds.tableName.min { fail(name, at: path, "Member must have length greater than or equal to 3") }
    if length > ModelBounds.tableName.max { fail(name, at: path, "Member must have length less than or equal to 255") }
    if name.isEmpty || !name.utf8.allSatisfy(Constraints.isNameByte) {
      fail(name, at: path, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
      || byte == UInt8(ascii: "-")
  }

  mutating func oneOf(_ value: String?, _ allowed: ModelEnumeration, at path: String) {
    guard let value, !allowed.values.contains(where: { Text.equal($0, value) }) else { return }
    fail(value, at: path, "Member must satisfy enum value set: [\(allowed.values.joined(separator: ", "))]")
  }

  /// The length of a text.
  mutating func length(_ text: String?, _ bounds: ModelBounds, at path: String) {
    count(text?.utf16.count, bounds, shown: Shown.text(text), at: path)
  }

  mutating func range(_ value: Int?, _ bounds: ModelBounds, at path: String) {
    guard let value else { return }
    if value < bounds.min { fail("\(value)", at: path, "Member must have value greater than or equal to \(bounds.min)") }
    if value > bounds.max { fail("\(value)", at: path, "Member must have value less than or equal to \(bounds.max)") }
  }

  mutating func count(_ count: Int?, _ bounds: ModelBounds, shown: @autoclosure () -> String, at path: String) {
    for constraint in Constraints.broken(bounds, by: count) { fail(shown(), at: path, constraint) }
  }

  /// The length of a map or a list that may be too large to be quoted.
  mutating func unquotedCount(_ count: Int?, _ bounds: ModelBounds, at path: String) {
    for constraint in Constraints.broken(bounds, by: count) { failUnquoted(at: path, constraint) }
  }

  private static func broken(_ bounds: ModelBounds, by count: Int?) -> [String] {
    guard let count else { return [] }
    if count < bounds.min { return ["Member must have length greater than or equal to \(bounds.min)"] }
    return count > bounds.max ? ["Member must have length less than or equal to \(bounds.max)"] : []
  }

  /// The length of each text of a list, reported of the list as a whole.
  mutating func lengths(_ texts: [String]?, _ bounds: ModelBounds, shown: @autoclosure () -> String, at path: String) {
    guard let texts, texts.contains(where: { $0.utf16.count < bounds.min || $0.utf16.count > bounds.max }) else { return }
    fail(
      shown(), at: path,
      "Member must satisfy constraint: [Member must have length less than or equal to \(bounds.max), Member must have length greater "
        + "than or equal to \(bounds.min)]")
  }

  mutating func returnConsumedCapacity(_ value: String?) {
    oneOf(value, .returnConsumedCapacity, at: "returnConsumedCapacity")
  }

  mutating func returnItemCollectionMetrics(_ value: String?) {
    oneOf(value, .returnItemCollectionMetrics, at: "returnItemCollectionMetrics")
  }

  mutating func returnValues(_ value: String?) {
    oneOf(value, .returnValue, at: "returnValues")
  }

  mutating func returnOnFailure(_ value: String?, at path: String = "returnValuesOnConditionCheckFailure") {
    oneOf(value, .returnValuesOnConditionCheckFailure, at: path)
  }
}

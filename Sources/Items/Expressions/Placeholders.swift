package import DynamoModel

/// ExpressionAttributeNames and ExpressionAttributeValues of one request, and which of them its expressions have used.
///
/// One value serves all expressions of a request, in turn; `checkAllUsed` comes last.
package struct Placeholders: Sendable {
  private let names: [(placeholder: String, name: String)]
  private let values: AttributeMap
  private var usedNames: [Bool]
  private var usedValues: [Bool]

  /// Placeholders with their marks: `#n` and `:v`.
  package init(names: [(placeholder: String, name: String)] = [], values: AttributeMap = AttributeMap()) {
    self.names = names
    self.values = values
    usedNames = Array(repeating: false, count: names.count)
    usedValues = Array(repeating: false, count: values.count)
  }

  mutating func name(_ placeholder: String) -> String? {
    for index in names.indices where Text.equal(names[index].placeholder, placeholder) {
      usedNames[index] = true
      return names[index].name
    }
    return nil
  }

  mutating func value(_ placeholder: String) -> AttributeValue? {
    var low = 0
    var high = values.count
    while low < high {
      let middle = (low + high) / 2
      let order = Text.compare(values.entries[middle].name, placeholder)
      if order == 0 {
        usedValues[middle] = true
        return values.entries[middle].value
      }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  /// Throws when a name or a value was given that no expression used.
  package func checkAllUsed() throws(DynamoError) {
    let unusedNames = names.indices.filter { !usedNames[$0] }.map { names[$0].placeholder }
    if !unusedNames.isEmpty {
      throw .validation(
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {\(unusedNames.joined(separator: ", "))}")
    }
    let unusedValues = values.entries.indices.filter { !usedValues[$0] }.map { values.entries[$0].name }
    if !unusedValues.isEmpty {
      throw .validation(
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {\(unusedValues.joined(separator: ", "))}")
    }
  }
}

/// A query that users ask by name: SQL over the pipeline's tables with typed parameters.
package struct NamedQuery: Sendable {
  package let name: String
  package let about: String
  package let parameters: [QueryParameter]
  package let sql: QuerySQL
  /// The answer's columns; no two have one name.
  package let columns: [QueryColumn]
  /// The projections whose rows the SQL reads, in the file's order. Empty for SQL that reads none.
  package let reads: [ProjectionID]
  /// Whether the SQL has the parameter `:now`: the time that the answer is true for, as a timestamp's text.
  package let usesNow: Bool
  /// Whether its answer is one row, as an object, or that there is none.
  package let isOne: Bool

  /// Each property by its name.
  package init(
    name: String, about: String, parameters: [QueryParameter], sql: QuerySQL, columns: [QueryColumn], reads: [ProjectionID],
    usesNow: Bool, isOne: Bool
  ) {
    self.isOne = isOne
    self.name = name
    self.about = about
    self.parameters = parameters
    self.sql = sql
    self.columns = columns
    self.reads = reads
    self.usesNow = usesNow
  }

  package var columnNames: [String] { columns.map(\.name) }

  package func parameter(named name: String) -> QueryParameter? { parameters.first { $0.name == name } }
}

/// A column of a query's answer.
package struct QueryColumn: Sendable, Equatable {
  package let name: String
  /// The type of its values, where the SQL tells: it is a projection's column as it stands, or is computed in a way that has one type. Nil where it
  /// may be anything.
  package let type: ValueType?
  /// Whether a value may be null.
  package let isNullable: Bool

  /// Each property by its name.
  package init(name: String, type: ValueType?, isNullable: Bool = true) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
  }
}

/// A parameter of a query: `:name` in its SQL; of a decimal also `:name_sort`, to compare with sortable columns.
package struct QueryParameter: Sendable {
  package let name: String
  package let type: ValueType
  /// May be left out, and is null then.
  package let isOptional: Bool
  package let `default`: Value?
  package let least: Value?
  package let greatest: Value?

  /// Each property by its name.
  package init(name: String, type: ValueType, isOptional: Bool, `default`: Value?, least: Value?, greatest: Value?) {
    self.name = name
    self.type = type
    self.isOptional = isOptional
    self.`default` = `default`
    self.least = least
    self.greatest = greatest
  }

  /// The value that a request's text means. Nil stands for a parameter that was not given.
  package func value(_ text: String?) throws(ParameterError) -> Value {
    guard let text else {
      if let value = self.default { return value }
      if isOptional { return .null }
      throw ParameterError(name: name, reason: "is missing")
    }
    let value: Value
    do throws(TypeMismatch) {
      value = try Value(text: text, as: type, form: .iso(zone: .utc))
    } catch {
      throw ParameterError(name: name, reason: error.reason)
    }
    if let least, value < least { throw ParameterError(name: name, reason: "is less than \(least)") }
    if let greatest, value > greatest { throw ParameterError(name: name, reason: "is greater than \(greatest)") }
    return value
  }
}

/// Why a parameter of a request is refused.
package struct ParameterError: Error, Sendable, Equatable, CustomStringConvertible {
  package let name: String
  package let reason: String

  package var description: String { "parameter `\(name)` \(reason)" }
}

internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import ReadModels

/// SQL that people wrote, with its parameters by name, as PostgreSQL takes it.
struct QueryText {
  let query: PostgresQuery

  /// Throws `ReaderError` for a parameter without a value.
  init(_ sql: String, _ parameters: [(parameter: QueryParameter, value: Value)], now: PostgresValue) throws {
    func given(_ name: String) -> (parameter: QueryParameter, value: Value)? {
      parameters.first { name == $0.parameter.name || name == $0.parameter.name + "_sort" }
    }
    // Decimals travel as texts.
    let named = NamedParameters(sql) { given($0)?.parameter.type == .decimal ? "::numeric" : "" }
    let values = try named.names.map { name -> PostgresValue in
      if name == "now" { return now }
      guard let (parameter, value) = given(name) else { throw ReaderError.failed("the query has no parameter \(name)") }
      return try ColumnForm(SQLColumn(name: name, type: parameter.type, isNullable: true), isCompared: true).parameter(value)
    }
    query = PostgresQuery(named.sql, values)
  }
}

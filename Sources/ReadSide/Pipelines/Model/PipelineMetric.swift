/// A metric of a pipeline: a gauge or a counter that Prometheus scrapes, whose series are the rows of SQL.
package struct PipelineMetric: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// A number that goes up and down.
    case gauge
    /// A number that only grows. Where it falls all the same, Prometheus takes it as begun again.
    case counter
  }

  /// As Prometheus has it; no two metrics of a pipeline have one name.
  package let name: String
  package let kind: Kind
  package let help: String
  /// It only reads, and has no parameters but `:now`.
  package let sql: QuerySQL
  /// The answer's columns: the labels and the value, in the order of the SQL.
  package let columns: [QueryColumn]
  /// The columns that become labels, in the order of the file.
  package let labels: [Int]
  /// The column with the number.
  package let value: Int
  /// Rows of the answer past so many are left out.
  package let seriesMax: Int
  /// The projections whose rows the SQL reads, in the file's order. Empty for SQL that reads none.
  package let reads: [ProjectionID]

  /// Of a metric whose file does not say `series`.
  package static let seriesDefault = 1_000
  /// What `series` may be at the most.
  package static let seriesLimit = 10_000

  /// Each property by its name.
  package init(
    name: String, kind: Kind, help: String, sql: QuerySQL, columns: [QueryColumn], labels: [Int], value: Int, seriesMax: Int,
    reads: [ProjectionID]
  ) {
    self.name = name
    self.kind = kind
    self.help = help
    self.sql = sql
    self.columns = columns
    self.labels = labels
    self.value = value
    self.seriesMax = seriesMax
    self.reads = reads
  }
}

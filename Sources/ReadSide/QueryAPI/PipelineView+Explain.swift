internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// How a named query is answered: the store's plan, and what would help where it reads much.
extension PipelineView {
  /// The rows that a query may read from the first to the last before a hint is given.
  package static let scannedRowsMax = 10_000

  /// The answer as JSON: what `Explanation.shape` says, and what it is true for. It takes no parameters: the plan is the same for all.
  package func explain(_ name: String) async throws -> [UInt8] {
    try await answer(
      about: { pipeline in
        let query = try PipelineView.query(name, pipeline)
        return Subject(value: query, reads: query.reads)
      }
    ) { query, snapshot, writer in
      let plan = try snapshot.reader.plan(query.sql, reads: query.reads)
      let rows = try snapshot.reader.digests().map(\.rows)
      let explanation = Explanation(
        query: query.name, projections: snapshot.pipeline.projections, plan: plan, rows: rows)
      Explanation.shape.append(explanation, to: &writer)
    }
  }

  static func explanationSchema(_ query: NamedQuery, _ pipeline: Pipeline) -> JSONSchema {
    .object(Explanation.shape.schemas + validitySchemas(query.reads, pipeline))
  }
}

/// A query's plan with the size of what it reads.
struct Explanation: Sendable {
  let query: String
  let projections: [Projection]
  let plan: QueryPlan
  /// By projection, how many rows it has.
  let rows: [Int]

  static let shape = AnswerShape<Explanation>([
    .text("query") { $0.query },
    .objects("steps", of: stepShape, "The plan: a step with a greater depth is a part of the one before it.") { explanation in
      explanation.plan.steps.map { step in
        Step(
          step: step,
          read: step.projections.map { Read(projection: explanation.projections[$0].name, rows: explanation.rows[$0.rawValue]) })
      }
    },
    .texts("hints", "What reads many rows, and what would help.") { $0.hints },
    .count("scanned_rows_max", "A hint is given past this many rows.") { _ in PipelineView.scannedRowsMax },
  ])

  private struct Step: Sendable {
    let step: QueryPlan.Step
    let read: [Read]
  }

  private struct Read: Sendable {
    let projection: String
    let rows: Int
  }

  private static let stepShape = AnswerShape<Step>([
    .count("depth") { $0.step.depth },
    .text("step", "In SQLite's words.") { $0.step.text },
    .value(
      "access",
      JSONSchema.one(of: QueryPlan.Access.allCases.map(\.rawValue)).orNull.about(
        "How rows of a projection are read: all, or some that are found by a key or an index.")
    ) { if let access = $0.step.access { $1.string(access.rawValue) } else { $1.null() } },
    .objects("reads", of: readShape, "What is read, with the rows that there are.") { $0.read },
  ])

  private static let readShape = AnswerShape<Read>([.text("projection") { $0.projection }, .count("rows") { $0.rows }])

  /// A sentence or more for each scan of more rows than the bound.
  var hints: [String] {
    plan.steps.flatMap { step in step.access == .scan ? step.projections.compactMap { hint(step, $0) } : [] }
  }

  private func hint(_ step: QueryPlan.Step, _ id: ProjectionID) -> String? {
    let count = rows[id.rawValue]
    var read = count
    for outer in step.within {
      let (product, overflows) = read.multipliedReportingOverflow(by: max(1, rows[outer.rawValue]))
      read = overflows ? .max : product
    }
    guard read > PipelineView.scannedRowsMax, count > 1 else { return nil }
    let name = projections[id].name
    var text = "`\(name)` is read from the first row to the last, \(Explanation.grouped(count)) rows"
    if !step.within.isEmpty {
      text += ", once for each row of \(list(step.within.map { "`\(projections[$0].name)`" }, "and"))"
    }
    text += " (the hint is given past \(Explanation.grouped(PipelineView.scannedRowsMax)))."
    if plan.mayEndEarly { text += " LIMIT may end that earlier." }
    return text + " " + help(id)
  }

  /// What could be searched in place of the scan, as far as the SQL tells.
  private func help(_ id: ProjectionID) -> String {
    let projection = projections[id]
    let table = projection.table
    let compared = plan.compared[id] ?? []
    let starts = ([table.primaryKey] + table.indexes.map { $0.columns.map(\.column) }).compactMap(\.first)
    let paths = list(
      ["its key (\(names(table.primaryKey, table)))"]
        + table.indexes.map { "the index \($0.name) (\(names($0.columns.map(\.column), table)))" }, "or")
    if let served = compared.first(where: { starts.contains($0) }) {
      return
        "`\(table.columns[served].name)` is compared in a way that cannot be searched here (with another column, in an OR, by LIKE, within a"
        + " function, or by `!=`): it is searched with `=`, `<`, `>` or IN and a parameter, by \(paths)."
    }
    let own = compared.filter { !table.columns[$0].name.hasPrefix("_") }
    guard let first = own.first else {
      return "Rows are found without that by a condition on the first column of \(paths)."
    }
    let columns = list(own.map { "`\(table.columns[$0].name)`" }, "and")
    if case .collection = projection.kind {
      let order = own.map { table.columns[$0].name }
      return
        "The SQL compares \(columns): `order: { by_\(table.columns[first].name): [\(order.joined(separator: ", "))] }` in `\(table.name)` would give"
        + " SQLite an index to search by."
    }
    return
      "The SQL compares \(columns), and `\(table.name)` can only be searched by \(paths): add a condition on the first column of one of these"
      + " (of projections, collections alone take an `order:`)."
  }

  private func names(_ columns: [Int], _ table: SQLTable) -> String {
    columns.map { table.columns[$0].name }.joined(separator: ", ")
  }

  private func list(_ words: [String], _ last: String) -> String {
    guard words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(last) " + words[words.count - 1]
  }

  /// 148762 as 148,762.
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return String(
      digits.enumerated().flatMap { place, digit -> [Character] in
        place > 0 && (digits.count - place).isMultiple(of: 3) ? [",", digit] : [digit]
      })
  }
}

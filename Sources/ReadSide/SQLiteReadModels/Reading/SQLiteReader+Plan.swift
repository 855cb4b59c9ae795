package import Pipelines
package import ReadModels
internal import SQLite

/// How SQLite means to answer a query: EXPLAIN QUERY PLAN, taken apart.
extension SQLiteReader {
  package func plan(_ sql: QuerySQL, reads: [ProjectionID]) throws -> QueryPlan {
    let sql = sql.text(for: .sqlite)
    let names = QueryNames(sql, reads: reads, tables: pipeline.projections.map(\.table))
    var tree = PlanTree()
    do throws(SQLiteError) {
      let explain = try connection.prepare("EXPLAIN QUERY PLAN " + sql)
      // id, parent, an unused one, detail
      while try explain.step() { tree.add(explain.int64(0), parent: explain.int64(1), explain.text(3) ?? "", names) }
    } catch {
      throw ReaderError.failed(error.message)
    }
    let sorts = tree.steps.contains { $0.text.hasPrefix("USE TEMP B-TREE") }
    return QueryPlan(steps: tree.steps, compared: names.compared, mayEndEarly: names.hasLimit && !sorts)
  }
}

/// The plan's rows as they come: SCAN and SEARCH steps that follow one another under one parent are loops, each within those before it; what is
/// under a CORRELATED step is within the loops around that.
private struct PlanTree {
  private(set) var steps: [QueryPlan.Step] = []
  private var depths: [Int64: Int] = [:]
  /// By step, what is scanned around all that is under it.
  private var inherited: [Int64: [ProjectionID]] = [:]
  /// By step, what has been scanned so far directly under it.
  private var scanned: [Int64: [ProjectionID]] = [:]

  mutating func add(_ id: Int64, parent: Int64, _ detail: String, _ names: QueryNames) {
    let depth = depths[parent].map { $0 + 1 } ?? 0
    depths[id] = depth
    let around = inherited[parent, default: []] + scanned[parent, default: []]
    let words = detail.split(separator: " ", maxSplits: 1)
    let projections = words.count < 2 ? [] : names.projections(at: words[1])
    let access: QueryPlan.Access? =
      switch words.first {
      case "SCAN": .scan
      case "SEARCH": PlanTree.isSearch(detail, projections, names) ? .search : .scan
      default: nil
      }
    steps.append(
      QueryPlan.Step(
        depth: depth, text: detail, access: projections.isEmpty ? nil : access, projections: projections,
        within: projections.isEmpty ? [] : around))
    if access == .scan { scanned[parent, default: []] += projections.prefix(1) }
    // The parts of an OR are searched where the OR stands.
    let isInside = detail.hasPrefix("CORRELATED ") || detail.hasPrefix("MULTI-INDEX OR") || detail.hasPrefix("INDEX ")
    inherited[id] = isInside ? around : []
  }

  /// SQLite calls it a search whenever a query asks for nothing but a `min` or `max`. Without a condition in parentheses it is one only where the key
  /// or index begins with that column.
  private static func isSearch(_ detail: String, _ projections: [ProjectionID], _ names: QueryNames) -> Bool {
    detail.contains(" (")
      || projections.contains { names.firstColumn(of: $0, usedBy: detail).map { names.isExtreme($0) } ?? false }
  }
}

internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// PostgreSQL's plan of a query, taken apart: EXPLAIN as JSON.
struct PlanTree {
  private let reads: [ProjectionID]
  private let tables: [SQLTable]
  private let tape: JSONTape
  private var steps: [QueryPlan.Step] = []
  private var compared: [ProjectionID: Set<Int>] = [:]
  private var isLimited = false
  private var sorts = false

  private static let conditions = ["Index Cond", "Recheck Cond", "Filter", "Hash Cond", "Merge Cond", "Join Filter"]

  init(_ json: String, reads: [ProjectionID], tables: [SQLTable]) throws {
    guard let tape = try? JSONTape(Array(json.utf8)) else { throw ReaderError.failed("the plan is not JSON") }
    self.reads = reads
    self.tables = tables
    self.tape = tape
    var roots: [Int] = []
    tape.forEachElement(tape.root) { if let plan = tape.member($0, "Plan") { roots.append(plan) } }
    for root in roots { _ = add(root, depth: 0, within: []) }
  }

  var plan: QueryPlan {
    QueryPlan(steps: steps, compared: compared.mapValues { $0.sorted() }, mayEndEarly: isLimited && !sorts)
  }

  private func text(_ node: Int, _ name: String) -> String? { tape.member(node, name).map { tape.string($0) } }

  private mutating func add(_ node: Int, depth: Int, within: [ProjectionID]) -> [ProjectionID] {
    let type = text(node, "Node Type") ?? "?"
    isLimited = isLimited || type == "Limit"
    sorts = sorts || type.hasSuffix("Sort")
    let relation = text(node, "Relation Name")
    let projections = reads.filter { tables[$0.rawValue].name == relation }
    let access: QueryPlan.Access? =
      switch type {
      case "Seq Scan", "Sample Scan", "Tid Scan": .scan
      case "Index Scan", "Index Only Scan": text(node, "Index Cond") == nil ? .scan : .search
      case "Bitmap Heap Scan": .search
      default: nil
      }
    var words = [type]
    if let index = text(node, "Index Name") { words.append("using \(index)") }
    if let relation { words.append("on \(relation)") }
    for condition in PlanTree.conditions {
      guard let text = text(node, condition) else { continue }
      words.append("(\(condition): \(text))")
      note(text)
    }
    steps.append(
      QueryPlan.Step(
        depth: depth, text: words.joined(separator: " "), access: projections.isEmpty ? nil : access, projections: projections,
        within: projections.isEmpty ? [] : within))
    var scanned = access == .scan ? Array(projections.prefix(1)) : []
    var inner = within
    var children: [Int] = []
    if let plans = tape.member(node, "Plans") { tape.forEachElement(plans) { children.append($0) } }
    for child in children {
      let found = add(child, depth: depth + 1, within: inner)
      // The second part of a loop is taken once for each row of the first.
      if type == "Nested Loop" { inner += found }
      scanned += found
    }
    return scanned
  }

  /// The columns whose names stand in a condition.
  private mutating func note(_ condition: String) {
    let names = Set(condition.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
    for id in reads {
      for (place, column) in tables[id.rawValue].columns.enumerated() where names.contains(column.name) {
        compared[id, default: []].insert(place)
      }
    }
  }
}

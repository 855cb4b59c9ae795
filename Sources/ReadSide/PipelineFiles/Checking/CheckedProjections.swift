internal import Pipelines
internal import YAML

/// The projections of a pipeline, checked against its items: what effects, queries and the dashboard are checked against.
struct CheckedProjections {
  let items: CheckedItems
  let syntax: [ProjectionSyntax]
  /// In the file's order; nil where one could not be read.
  let projections: [Projection?]

  var findings: Findings { items.findings }
  /// Whether all could be read: else what refers to one of them would be reported as well.
  var isWhole: Bool { projections.allSatisfy { $0 != nil } }
  var names: [String] { syntax.map(\.name) }

  private init(items: CheckedItems, syntax: [ProjectionSyntax], projections: [Projection?]) {
    self.items = items
    self.syntax = syntax
    self.projections = projections
  }

  init(_ file: PipelineSyntax, items: CheckedItems) {
    let syntax = file.projections
    for projection in syntax where items.rule(named: projection.name) != nil {
      items.findings.add(
        projection.entry.key.mark, "`\(projection.name)` is already the name of an item: changes could not distinguish them")
    }
    var read = [Projection?](repeating: nil, count: syntax.count)
    // Kinds that refer to others come last.
    for refersToOthers in [false, true] {
      let before = CheckedProjections(items: items, syntax: syntax, projections: read)
      for (index, projection) in syntax.enumerated() {
        guard let kind = projection.kind, kind.refersToOthers == refersToOthers, let reader = projection.reader else { continue }
        let about = reader.text("about")?.text ?? ""
        let made = kind.read(ProjectionReading(items: items, entry: projection.entry, reader: reader, others: before))
        guard let made else { continue }
        if let problem = Names.problem(made.table) { items.findings.add(projection.entry.key.mark, problem) }
        read[index] = Projection(
          name: projection.name, about: about, kind: made.kind, table: made.table,
          fingerprint: file.fingerprints.projection(projection.entry))
      }
    }
    self.init(items: items, syntax: syntax, projections: read)
    checkSQLNames()
  }

  /// Tables and indexes share their names in SQL.
  private func checkSQLNames() {
    var seen: [String: String] = [:]
    for (syntax, projection) in zip(syntax, projections) {
      guard let table = projection?.table else { continue }
      for name in [table.name] + table.indexes.map(\.name) {
        if let other = seen[name] {
          findings.add(
            syntax.entry.key.mark, "`\(syntax.name)` and `\(other)` both need the name `\(name)` in SQL: choose another name")
        }
        seen[name] = syntax.name
      }
    }
  }

  /// Nil where it could not be read.
  subscript(id: ProjectionID) -> Projection? { projections[id.rawValue] }

  func id(named name: String) -> ProjectionID? {
    syntax.firstIndex { $0.name == name }.map { ProjectionID(rawValue: $0) }
  }

  /// The same, with a finding when there is none of the name.
  func id(named name: (text: String, node: YAMLNode)) -> ProjectionID? {
    if let id = id(named: name.text) { return id }
    findings.add(name.node.mark, "there is no projection `\(name.text)`\(Suggestion.text(for: name.text, among: names))")
    return nil
  }
}

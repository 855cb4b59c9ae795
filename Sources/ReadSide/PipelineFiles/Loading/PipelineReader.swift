internal import DynamoModel
internal import Expressions
internal import Pipelines
internal import YAML

/// Reads one pipeline file part by part; each part is an extension in its own file. Every part finds what it can, also when an
/// earlier one had errors.
final class PipelineReader {
  let findings: Findings
  var tables: [TableDraft] = []
  var rules: [RuleDraft] = []
  /// In the file's order; nil until read, and when it could not be.
  var projections: [Projection?] = []
  var projectionEntries: [YAMLNode.Entry] = []
  var effects: [Effect] = []
  var queries: [NamedQuery] = []
  var tiles: [DashboardTile] = []
  var fingerprints: Fingerprints?
  /// Names of attributes that are read, for each table.
  var attributes: [[String]] = []

  init(file: String) { findings = Findings(file: file) }

  struct TableDraft {
    let definition: TableDefinition
    let partitions: Int?
    /// Whether its key could be read.
    let isWhole: Bool
  }

  struct RuleDraft {
    let rule: ItemRule
    let templates: [(attribute: String, template: KeyTemplate)]
    let explosions: [String: ListExpression]
    /// Whether every part of its key could be read.
    let isWhole: Bool
  }

  func read(_ root: YAMLNode) -> Pipeline? {
    guard let reader = MappingReader(root, "a pipeline", findings) else { return nil }
    let name = reader.requireText("pipeline")
    if let name, !PipelineReader.isPipelineName(name.text) {
      findings.add(name.node.mark, "`\(name.text)` cannot be a pipeline's name: use small letters, digits and `-`, at most 63")
    }
    let about = reader.text("about")?.text ?? ""
    let fingerprints = Fingerprints(root)
    self.fingerprints = fingerprints
    let tableEntries = reader.entries("tables")
    if reader.require("tables") != nil { readTables(tableEntries) }
    readItems(reader.entries("items"))
    projectionEntries = reader.entries("projections")
    readProjections()
    readEffects(reader.entries("effects"))
    readQueries(reader.entries("queries"))
    readDashboard(reader.take("dashboard"))
    reader.finish()
    guard findings.all.isEmpty, let name else { return nil }
    return Pipeline(
      name: name.text, about: about, tables: finishedTables(), items: rules.map(\.rule),
      projections: projections.compactMap { $0 },
      effects: effects, queries: queries, dashboard: tiles, fingerprint: fingerprints.whole)
  }

  static func isPipelineName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    return !bytes.isEmpty && bytes.count <= Names.lengthMax && bytes[0] >= 97 && bytes[0] <= 122
      && bytes.allSatisfy { ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 45 }
  }

  /// Notes that an attribute is read. Answers what is wrong with reading it.
  func use(attribute name: String, of table: Int) -> String? {
    guard tables.indices.contains(table) else { return nil }
    if tables[table].definition.privateAttributes.contains(where: { Text.equal($0, name) }) {
      return "`\(name)` is private: no record carries it, so nothing can be made of it"
    }
    let keys = tables[table].definition.keyAttributes.map(\.name)
    if !keys.contains(where: { Text.equal($0, name) }), let key = keys.first(where: { $0.lowercased() == name.lowercased() }) {
      return "`\(tables[table].definition.name)` has no attribute `\(name)`; did you mean `\(key)`?"
    }
    if !attributes[table].contains(where: { Text.equal($0, name) }) { attributes[table].append(name) }
    return nil
  }

  private func finishedTables() -> [PipelineTable] {
    tables.enumerated().map { index, draft in
      var names = draft.definition.key.attributes.map(\.name)
      for name in attributes[index] where !names.contains(where: { Text.equal($0, name) }) { names.append(name) }
      let candidates = rules.enumerated().filter { $1.rule.table == index }.map { place, rule in
        ItemMatcher.Candidate(rule: place, templates: rule.templates, when: rule.rule.when)
      }
      return PipelineTable(
        definition: draft.definition, partitions: draft.partitions, attributes: AttributeNames(names), attributeNames: names,
        matcher: ItemMatcher(candidates: candidates))
    }
  }

  // MARK: Shared by the parts

  func scope(_ rule: Int, allowsCommit: Bool, zone: Zone = .utc) -> Scope {
    let draft = rules[rule]
    return Scope(
      item: draft.rule.name, table: draft.rule.table, fields: draft.rule.fields, explosions: draft.explosions,
      allowsAttributes: !draft.isWhole, allowsCommit: allowsCommit, zone: zone)
  }

  func compiler(_ scope: Scope) -> ExpressionCompiler {
    ExpressionCompiler(scope: scope) { [unowned self] table, name in use(attribute: name, of: table) }
  }

  func rule(named name: String) -> Int? { rules.firstIndex { $0.rule.name == name } }

  /// Reads a condition over images under one of the rules.
  func condition(_ node: YAMLNode, rules indexes: [Int], isOfChange: Bool) -> Condition? {
    guard let text = findings.text(node, "a condition") else { return nil }
    let expression: ConditionExpression
    do throws(ExpressionError) {
      expression = try ConditionExpression(pipeline: text)
    } catch {
      findings.add(node, offset: error.offset, "the condition cannot be read: \(error.reason)")
      return nil
    }
    var bindings: [Condition.FieldBinding] = []
    for path in expression.paths {
      var path = path
      if isOfChange, path.root == "old" || path.root == "new" {
        guard let rest = path.rest else {
          findings.add(node.mark, "write what of `\(path.root)` is meant: `\(path.root).name`")
          continue
        }
        path = rest
      }
      for index in indexes {
        if path.elements.count == 1, let list = rules[index].explosions[path.root] {
          findings.add(
            node.mark,
            "`\(path.root)` is one element of `\(list.path.text)`, and a condition is about the item: write `contains(\(list.path.text), ...)`"
          )
        } else if path.elements.count == 1, let field = rules[index].rule.field(named: path.root) {
          bindings.append(Condition.FieldBinding(rule: index, name: field.name, expression: field.expression))
        } else if let problem = use(attribute: path.root, of: rules[index].rule.table) {
          findings.add(node.mark, problem)
        }
      }
    }
    return Condition(text: text, expression: expression, fields: bindings, isOfChange: isOfChange)
  }

  /// Runs a part that stops at its first syntax failure, which becomes a finding at the node.
  func found<Result>(_ node: YAMLNode, _ body: () throws(SyntaxFailure) -> Result?) -> Result? {
    do throws(SyntaxFailure) {
      return try body()
    } catch {
      findings.add(node, error)
      return nil
    }
  }
}

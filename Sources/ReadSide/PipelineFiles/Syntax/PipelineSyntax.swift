internal import YAML
internal import Spelling

/// What a pipeline's file says, part by part, each with its place; nothing is resolved yet. The first of three phases: syntax,
/// then `CheckedPipeline`, then `Pipeline`.
struct PipelineSyntax {
  /// Nil when the file gives none that could be one.
  let name: String?
  let about: String
  let seasons: YAMLNode?
  let tables: [YAMLNode.Entry]
  let items: [YAMLNode.Entry]
  let projections: [ProjectionSyntax]
  let effects: [YAMLNode.Entry]
  let queries: [YAMLNode.Entry]
  let metrics: [YAMLNode.Entry]
  let dashboard: YAMLNode?
  let fingerprints: Fingerprints

  /// Nil when the file is not a mapping. Of what is set at the start, that for this pipeline goes to the findings' parameters.
  init?(_ root: YAMLNode, _ findings: Findings, set settings: ParameterSettings) {
    guard let reader = MappingReader(root, Grammar.pipeline, findings) else { return nil }
    let name = reader.requireText("pipeline")
    if let name, !Names.isPipelineName(name.text) {
      findings.add(name.node.mark, "`\(name.text)` cannot be a pipeline's name: use small letters, digits and `-`, at most 63")
    }
    self.name = name?.text
    about = reader.text("about")?.text ?? ""
    findings.parameters = FileParameters(
      reader.take("parameters"), set: settings.settings(for: self.name ?? ""), root, findings)
    seasons = reader.take("seasons")
    if let seasons, !["items", "projections", "effects"].contains(where: { root[$0]?.namesSeasons == true }) {
      findings.add(seasons.mark, "nothing goes by the seasons: write `season of commit` where they are to stand")
    }
    _ = reader.require("tables")
    tables = reader.entries("tables")
    items = reader.entries("items")
    projections = reader.entries("projections").map { ProjectionSyntax($0, findings) }
    effects = reader.entries("effects")
    queries = reader.entries("queries")
    metrics = reader.entries("metrics")
    dashboard = reader.take("dashboard")
    fingerprints = Fingerprints(root, findings.parameters.all)
  }
}

/// A projection as it is written: its kind, and its keys as that kind has them.
struct ProjectionSyntax {
  let entry: YAMLNode.Entry
  /// Nil when the projection is of no kind, or of several.
  let kind: ProjectionKind?
  let reader: MappingReader?

  var name: String { entry.key.text }

  init(_ entry: YAMLNode.Entry, _ findings: Findings) {
    self.entry = entry
    findings.check(name: entry.key)
    let kinds = ProjectionKindRegistry.all.filter { entry.value[$0.keyword] != nil }
    kind = kinds.count == 1 ? kinds[0] : nil
    reader = kind.flatMap { MappingReader(entry.value, $0.grammar, findings) }
    if kind != nil { return }
    let keywords = ProjectionKindRegistry.all.map(\.keyword)
    let keys = entry.value.mapping?.map(\.key) ?? []
    let close = kinds.isEmpty ? keys.first.flatMap { Spelling.nearest(to: $0.text, among: keywords) } : nil
    findings.add(
      entry.key.mark,
      "a projection is exactly one of \(keywords.map { "`\($0)`" }.joined(separator: ", "))\(close.map { "; did you mean `\($0)`?" } ?? "")"
    )
  }
}

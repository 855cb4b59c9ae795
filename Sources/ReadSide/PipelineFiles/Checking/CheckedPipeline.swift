internal import Pipelines

/// A pipeline with all names resolved and all types settled: the second of three phases. What is wrong is in its findings; without
/// any it compiles.
struct CheckedPipeline {
  let syntax: PipelineSyntax
  let projections: CheckedProjections
  let effects: [Effect]
  let queries: [NamedQuery]
  let metrics: [PipelineMetric]
  let tiles: [DashboardTile]

  var items: CheckedItems { projections.items }

  init(_ syntax: PipelineSyntax, _ findings: Findings) {
    self.syntax = syntax
    projections = CheckedProjections(syntax, items: CheckedItems(syntax, findings))
    effects = EffectReader(projections: projections).effects(syntax.effects)
    let checker = QueryChecker(projections)
    queries = QueryReader(projections: projections, checker: checker).queries(syntax.queries)
    metrics = MetricReader(projections: projections, checker: checker).metrics(syntax.metrics)
    tiles = DashboardReader(projections: projections, checker: checker).tiles(syntax.dashboard)
  }
}

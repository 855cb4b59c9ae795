package import DynamoModel

/// A checked pipeline: what a folder under pipelines/ means.
///
/// Everything in it refers by index and is ready to be evaluated; whatever could be wrong in the file was refused by
/// the loader. Names are as the file writes them, and are those of the SQL tables and columns.
package struct Pipeline: Sendable {
  package let name: String
  package let about: String
  /// The file that it was loaded from, with the parameters' values in force as its own: loaded again it is the same pipeline.
  package let text: String
  /// In the file's order.
  package let parameters: [PipelineParameter]
  package let tables: [PipelineTable]
  /// The kinds of item of all tables, in the file's order.
  package let items: [ItemRule]
  package let projections: [Projection]
  package let effects: [Effect]
  package let queries: [NamedQuery]
  package let metrics: [PipelineMetric]
  package let dashboard: [DashboardTile]
  /// SHA-256, in hexadecimal, of everything that decides what the rows are: tables' keys and private attributes, items,
  /// projections, and the values of the parameters in them. Comments, layout, queries, metrics and the dashboard leave it as it is. A
  /// generation is bound to it.
  package let fingerprint: String
  /// The same of the effects: lanes take them over when it has changed.
  package let effectsFingerprint: String

  /// Each property by its name.
  package init(
    name: String, about: String, text: String, parameters: [PipelineParameter], tables: [PipelineTable], items: [ItemRule],
    projections: [Projection], effects: [Effect], queries: [NamedQuery], metrics: [PipelineMetric], dashboard: [DashboardTile],
    fingerprint: String, effectsFingerprint: String
  ) {
    self.name = name
    self.about = about
    self.text = text
    self.parameters = parameters
    self.tables = tables
    self.items = items
    self.projections = projections
    self.effects = effects
    self.queries = queries
    self.metrics = metrics
    self.dashboard = dashboard
    self.fingerprint = fingerprint
    self.effectsFingerprint = effectsFingerprint
  }

  package func projection(named name: String) -> ProjectionID? {
    projections.firstIndex { $0.name == name }.map { ProjectionID(rawValue: $0) }
  }
  package func query(named name: String) -> NamedQuery? { queries.first { $0.name == name } }

  /// The names of everything that may be carried out, paused and resumed: effects, and sessions projections that delete the item of an expired session.
  package var effectNames: [String] {
    effects.map(\.name)
      + projections.filter { projection in
        if case .sessions(let sessions) = projection.kind { sessions.expiresItem } else { false }
      }.map(\.name)
  }

  /// The tables whose records decide the rows of these projections.
  package func tables(feeding projections: some Sequence<ProjectionID>) -> Set<TableIndex> {
    Set(projections.flatMap { self.projections[$0].sources.map(\.table) })
  }
  package func table(named name: String) -> TableIndex? {
    tables.firstIndex { Text.equal($0.name, name) }.map { TableIndex(rawValue: $0) }
  }
}

/// A table that the pipeline reads: how it is made, which attributes are read, and what its items are.
package struct PipelineTable: Sendable {
  /// In the place of a projection's name, of dead letters about the TTL of items.
  package static let timeToLiveSubject = "_ttl"

  package var name: String { definition.name }
  /// As the table is to be created: keys, indexes, TTL, private attributes, stream with both images.
  package let definition: TableDefinition
  /// The number of partitions that the file demands; nil leaves it to the server.
  package let partitions: Int?
  /// The attributes that any rule, projection or condition reads, the table's keys among them: a record needs no other.
  package let attributes: AttributeNames
  package let attributeNames: [String]
  /// Finds which rule an item's image is under.
  package let matcher: ItemMatcher

  /// Each property by its name.
  package init(
    definition: TableDefinition, partitions: Int?, attributes: AttributeNames, attributeNames: [String], matcher: ItemMatcher
  ) {
    self.definition = definition
    self.partitions = partitions
    self.attributes = attributes
    self.attributeNames = attributeNames
    self.matcher = matcher
  }
}

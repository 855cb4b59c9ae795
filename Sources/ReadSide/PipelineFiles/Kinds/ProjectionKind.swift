internal import Pipelines
internal import YAML

/// A kind of projection: its keyword, the keys of its grammar, what reads it, and the sentence that `show` says of it. Another
/// kind is one more file here and one more line in the registry.
struct ProjectionKind: Sendable {
  /// What a projection made of its syntax is: its kind with everything settled, and its SQL table.
  typealias Made = (kind: Projection.Kind, table: SQLTable)

  /// The key that says of which kind a projection is.
  let keyword: String
  /// Its own keys, the keyword first.
  let keys: [String]
  let grammar: GrammarMapping
  /// Whether it refers to other projections, which are then read first.
  let refersToOthers: Bool
  /// Nil, with findings, when something is wrong.
  let read: @Sendable (ProjectionReading) -> Made?
  /// Nil when the projection is of another kind.
  let sentence: @Sendable (Projection, Pipeline) -> String?

  init(
    _ keyword: String, keys: [String], refusals: [String: String] = [:], refersToOthers: Bool = false,
    read: @escaping @Sendable (ProjectionReading) -> Made?, sentence: @escaping @Sendable (Projection, Pipeline) -> String?
  ) {
    self.keyword = keyword
    self.keys = [keyword] + keys
    grammar = Grammar.projection.adding([keyword] + keys, refusals: refusals)
    self.refersToOthers = refersToOthers
    self.read = read
    self.sentence = sentence
  }
}

/// A projection that is being read, and what it may refer to.
struct ProjectionReading {
  let items: CheckedItems
  let entry: YAMLNode.Entry
  let reader: MappingReader
  /// The projections that were read before it, under the names of all.
  let others: CheckedProjections
}

/// Every kind of projection that there is.
enum ProjectionKindRegistry {
  static let all: [ProjectionKind] = [.collection, .aggregate, .sessions, .session, .leaderboard, .history]

  static func kind(of projection: Projection, in pipeline: Pipeline) -> ProjectionKind? {
    all.first { $0.sentence(projection, pipeline) != nil }
  }
}

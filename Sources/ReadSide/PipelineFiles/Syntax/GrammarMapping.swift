internal import Pipelines

/// A mapping of the grammar: what messages call it, and the keys that it may have. The loader reads no key that is not listed here.
struct GrammarMapping: Sendable {
  /// "a table".
  let what: String
  let keys: [String]
  /// Keys that are refused with a reason of their own, and never suggested.
  let refusals: [String: String]

  init(_ what: String, _ keys: [String], refusals: [String: String] = [:]) {
    self.what = what
    self.keys = keys
    // What one kind of a mapping refuses another may have.
    self.refusals = refusals.filter { !keys.contains($0.key) }
  }

  /// The same mapping with more keys.
  func adding(_ keys: [String], refusals: [String: String]) -> GrammarMapping {
    GrammarMapping(what, self.keys + keys, refusals: self.refusals.merging(refusals) { _, own in own })
  }
}

/// The mappings of a pipeline's file; those of projections come from their kinds (`ProjectionKind`).
enum Grammar {
  static let pipeline = GrammarMapping(
    "a pipeline",
    [
      "pipeline", "about", "parameters", "seasons", "tables", "items", "projections", "effects", "queries", "metrics",
      "dashboard",
    ])
  static let season = GrammarMapping("a season", ["starts", "ends"])
  static let table = GrammarMapping("a table", ["key", "indexes", "ttl", "private", "partitions"])
  static let key = GrammarMapping("a key", ["partition", "sort"])
  static let index = GrammarMapping("an index", ["partition", "sort", "kind", "projection"])
  static let item = GrammarMapping("an item", ["in", "match", "fields", "capture", "when"])
  static let field = GrammarMapping("a field", ["from", "type", "zone", "optional", "default"])
  static let capture = GrammarMapping("a capture", ["from", "pattern", "group", "type", "optional"])
  /// What every kind of projection has.
  static let projection = GrammarMapping(
    "a projection", ["about"],
    refusals: [
      "unreadable": "only a collection (`collection: ...`) keeps the rows of items that cannot be read",
      "time": "only sessions that touches make (`sessions: ...`) go by a time that stands in the items",
      "lateness": "only sessions that touches make (`sessions: ...`) go by a time that stands in the items",
      "ahead": "only sessions that touches make (`sessions: ...`) go by a time that stands in the items",
      "split when": "only sessions that touches make (`sessions: ...`) are split",
    ])
  static let change = GrammarMapping("a change", ["change", "when"])
  static let show = GrammarMapping("`show`", ["from", "columns"])
  static let effect = GrammarMapping(
    "an effect",
    [
      "about", "each", "when", "delete", "put", "update", "webhook", "topic", "mail", "retry", "per hour", "idempotency key",
      "order by",
    ])
  static let put = GrammarMapping("`put`", ["table", "item", "when"])
  static let update = GrammarMapping("`update`", ["table", "key", "set", "when"])
  static let webhook = GrammarMapping("`webhook`", ["url", "headers", "body"])
  static let topic = GrammarMapping("`topic`", ["name", "key", "value"])
  static let mail = GrammarMapping("`mail`", ["to", "subject", "text"])
  static let rows = GrammarMapping("rows to delete", ["rows", "where"])
  static let retry = GrammarMapping("`retry`", ["attempts", "first", "most"])
  static let query = GrammarMapping("a query", ["about", "params", "one", "sql"])
  static let sqlTexts = GrammarMapping("`sql`", SQLDialect.allCases.map(\.rawValue))
  static let metric = GrammarMapping("a metric", ["type", "help", "sql", "labels", "value", "series"])
  static let sqlTile = GrammarMapping("a tile", ["title", "sql"])
  static let boardTile = GrammarMapping("a leaderboard's tile", ["title", "of", "board", "top"])

  static let all = [
    pipeline, season, table, key, index, item, field, capture, projection, change, show, effect, put, update, webhook, topic,
    mail, rows, retry, query, sqlTexts, metric, sqlTile, boardTile,
  ]
}

/// The mappings of a scenario's file.
enum ScenarioGrammar {
  static let scenario = GrammarMapping("a scenario", ["test", "parameters", "steps"])
  static let step = GrammarMapping(
    "a step",
    [
      "at", "advance", "put", "update", "delete", "batch", "import", "expect", "query", "board", "dead_letters",
      "effects",
    ])
  static let update = GrammarMapping("an update", ["key", "set", "remove"])
  static let rows = GrammarMapping("expected rows", ["contains", "lacks"])
  static let query = GrammarMapping("a query", ["name", "params", "rows"])
  static let board = GrammarMapping("a board", ["of", "board", "top", "whole"])
  static let place = GrammarMapping("a place", ["rank", "member", "score"])
  static let effect = GrammarMapping("an effect of a step", ["effect", "put", "update", "webhook", "topic", "mail"])
  static let deadLetter = GrammarMapping("a dead letter", ["projection", "path"])
}

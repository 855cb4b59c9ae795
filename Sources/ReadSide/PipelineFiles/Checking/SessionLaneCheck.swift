internal import DynamoModel
internal import Expressions
internal import Pipelines

/// Whether all records of one session, or of one key of a history that keeps so many rows, come in one order: out of one lane, which is one partition of one table.
///
/// They do if equal session keys mean equal partition keys, whatever source they come from: the key holds every part that the
/// partition key is made of, each as a value that has one text only, and all sources write the partition key in one form.
struct SessionLaneCheck {
  /// A source of the sessions, as far as the question goes.
  struct Feed {
    let item: String
    let table: TableDefinition
    /// The number of partitions that the file demands.
    let partitions: Int?
    /// The form of the partition key under the item's rule; nil when the rule says nothing of it.
    let template: KeyTemplate?
    /// Where the template's captures begin among those of the rule.
    let captureOffset: Int
    /// The values that make the session's key, in order.
    let keys: [ValueExpression]
  }

  /// What the question is about, for messages.
  enum Subject {
    case sessions, history

    var key: String {
      switch self {
      case .sessions: "the key of these sessions"
      case .history: "`keep` counts the rows of a key, and the key of this history"
      }
    }

    var records: String {
      switch self {
      case .sessions: "one session's records"
      case .history: "the records of one key"
      }
    }
  }

  private enum Part: Equatable {
    case text([UInt8])
    /// The value at this place of the session's key.
    case key(Int)
  }

  private enum Form {
    case parts([Part])
    case refused(String)
  }

  /// Why the records of one session may come from several lanes; nil when they cannot.
  static func problem(_ feeds: [Feed], of subject: Subject) -> String? {
    guard let first = feeds.first else { return nil }
    if let other = feeds.first(where: { !Text.equal($0.table.name, first.table.name) }) {
      return
        "these sessions are fed by two tables, `\(first.table.name)` (`\(first.item)`) and `\(other.table.name)` (`\(other.item)`), and the records of two tables have no common order: write sessions of each table, and join them in a query"
    }
    if first.partitions == 1 { return nil }
    var form: [Part]?
    for feed in feeds {
      switch self.form(feed, subject) {
      case .refused(let reason): return "\(reason), or give the table `partitions: 1`"
      case .parts(let parts):
        if let form, form != parts {
          return
            "`\(first.item)` and `\(feed.item)` write the partition key of `\(feed.table.name)` in two forms, so \(subject.records) come from two partitions: give both items one form, or give the table `partitions: 1`"
        }
        form = parts
      }
    }
    return nil
  }

  private static func form(_ feed: Feed, _ subject: Subject) -> Form {
    let partition = feed.table.key.partition
    let whole = feed.keys.firstIndex { isWhole($0, of: partition) }
    guard let template = feed.template else {
      return whole.map { .parts([.key($0)]) } ?? .refused(missing(feed, subject, ["`\(partition.name)`"]))
    }
    guard template.alternatives.count == 1 else {
      if let whole { return .parts([.key(whole)]) }
      return .refused(
        "the partition key of `\(feed.table.name)` has optional parts in `\(feed.item)`, so \(subject.records) come from several partitions: write it without `[...]`"
      )
    }
    var parts: [Part] = []
    for segment in template.alternatives[0] {
      switch segment {
      case .literal(let text): parts.append(.text(text))
      case .capture(let index):
        let place = feed.keys.firstIndex { if case .capture(feed.captureOffset + index) = $0 { true } else { false } }
        guard let place else {
          if let whole { return .parts([.key(whole)]) }
          return .refused(missing(feed, subject, template.captures.map { "`\($0.name)`" }))
        }
        let capture = template.captures[index]
        guard hasOneText(capture.type, partition.type, isWhole: template.alternatives[0].count == 1) else {
          return .refused(
            "`\(capture.name)` is \(capture.type.rawValue) in the partition key of `\(feed.table.name)`, and one value has several texts there (as `1` and `01`), each in its own partition: capture it as a string"
          )
        }
        parts.append(.key(place))
      }
    }
    return .parts(parts)
  }

  private static func missing(_ feed: Feed, _ subject: Subject, _ parts: [String]) -> String {
    "\(subject.key) does not hold the partition key of `\(feed.table.name)` (\(parts.joined(separator: ", "))): its records come from several partitions, in no common order; add it to the key as it is captured"
  }

  /// Whether a value reads the whole partition key in a type that keeps all of them distinct.
  private static func isWhole(_ value: ValueExpression, of partition: KeyAttribute) -> Bool {
    guard case .attribute(let path, let type, _) = value, path.elements.count == 1, Text.equal(path.root, partition.name) else {
      return false
    }
    return type != .timestamp
  }

  /// Numbers have one text where the whole key is a number: DynamoDB keeps them in one form.
  private static func hasOneText(_ type: ValueType, _ key: KeyType, isWhole: Bool) -> Bool {
    switch type {
    case .string, .bytes: true
    case .integer, .decimal: isWhole && key == .number
    case .boolean, .timestamp, .json: false
    }
  }
}

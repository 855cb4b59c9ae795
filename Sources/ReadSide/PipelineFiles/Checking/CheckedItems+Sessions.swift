internal import DynamoModel
internal import Expressions
internal import Pipelines
internal import YAML

/// What both kinds of sessions have: limits, live groups, the lane of a key, and the SQL table.
extension CheckedItems {
  static let sessionColumns = ["session_id", "started_at", "last_at", "ended_at", "status", "ended_by"]

  func readLimits(_ reader: MappingReader) -> (gap: Int64?, max: Int64?, cut: Sessions.Cut?) {
    let gap = reader.span("gap")
    let max = reader.span("max")
    var cut: Sessions.Cut?
    if let (text, node) = reader.text("cut") {
      _ = findings.found(node) { () throws(SyntaxFailure) -> Bool? in
        var parser = try ExpressionParser(text, findings)
        guard parser.take(word: "midnight") else { throw parser.unexpected("`midnight`") }
        var zone = Zone.utc
        if parser.current.kind == .text {
          guard let named = Zone.named(parser.current.text) else {
            throw SyntaxFailure(offset: parser.current.offset, message: "`\(parser.current.text)` is not an IANA time zone")
          }
          zone = named
          parser.advance()
        }
        try parser.expectEnd()
        cut = .midnight(zone)
        return true
      }
    }
    return (gap, max, cut)
  }

  /// `one live per: customer`
  func readLiveGroup(_ reader: MappingReader) -> [InputSyntax] {
    reader.elements("one live per").compactMap { inputSyntax($0, "what one session is live per") }
  }

  /// Where an input stands, added when it is new.
  func place(_ input: InputSyntax, _ inputs: inout [InputSyntax]) -> Int {
    let place = inputs.firstIndex { $0.isSame(as: input) } ?? inputs.count
    if place == inputs.count { inputs.append(input) }
    inputs[place].isKeyed = true
    return place
  }

  /// Why records of equal values of these inputs may come from several lanes; nil when they cannot.
  func laneProblem(_ sources: [Source], _ places: [Int], of subject: SessionLaneCheck.Subject = .sessions) -> String? {
    SessionLaneCheck.problem(
      sources.map { source in
        let draft = rules[source.rule]
        let table = tables[source.table]
        let partition = table.definition.key.partition.name
        let before = draft.templates.prefix { !Text.equal($0.attribute, partition) }
        return SessionLaneCheck.Feed(
          item: draft.rule.name, table: table.definition, partitions: table.partitions,
          template: before.count < draft.templates.count ? draft.templates[before.count].template : nil,
          captureOffset: before.reduce(0) { $0 + $1.template.captures.count }, keys: places.map { source.inputs[$0].expression })
      }, of: subject)
  }

  func sessionTable(_ name: String, _ keys: ArraySlice<Input>, _ columns: [AggregateColumn]) -> SQLTable {
    var all = keys.map { SQLColumn(name: $0.name, type: $0.type, isNullable: false) }
    let keyCount = all.count
    all += [
      SQLColumn(name: "session_id", type: .string, isNullable: false),
      SQLColumn(name: "started_at", type: .timestamp, isNullable: false),
      SQLColumn(name: "last_at", type: .timestamp, isNullable: false),
      SQLColumn(name: "ended_at", type: .timestamp, isNullable: true),
      SQLColumn(name: "status", type: .string, isNullable: false), SQLColumn(name: "ended_by", type: .string, isNullable: true),
    ]
    let status = keyCount + 4
    all += columns.map(sqlColumn) + CheckedItems.traceColumns
    return SQLTable(
      name: name, columns: all, primaryKey: Array(0...keyCount),
      indexes: [SQLIndex(name: "\(name)_by_status", columns: [.init(column: status, isDescending: false)])])
  }
}

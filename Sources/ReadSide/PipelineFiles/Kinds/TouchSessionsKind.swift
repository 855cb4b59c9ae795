internal import DynamoModel
internal import Expressions
internal import Pipelines
internal import YAML

extension ProjectionKind {
  /// Sessions that touches make.
  static let sessions = ProjectionKind(
    "sessions", keys: ["touch", "when", "gap", "max", "cut", "end", "one live per", "columns"],
    refusals: [
      "expire": "only a session that is an item (`session: ...`) has an item to delete",
      "deadline": "only a session that is an item (`session: ...`) has a deadline",
      "revive":
        "a touch of a superseded session opens a new one in any case: only a session that is an item (`session: ...`) needs `revive`",
    ],
    read: { $0.items.readTouchSessions($0.entry, $0.reader) },
    sentence: { projection, pipeline in
      guard case .sessions(let sessions) = projection.kind, case .touches = sessions.subject else { return nil }
      return pipeline.sentence(sessions)
    })
}

extension CheckedItems {
  fileprivate func readTouchSessions(_ entry: YAMLNode.Entry, _ reader: MappingReader) -> (Projection.Kind, SQLTable)? {
    var inputs = reader.elements("sessions").compactMap { inputSyntax($0, "a session's key") }
    let keyCount = inputs.count
    let when = reader.take("when")
    if reader.require("touch") == nil { return nil }
    let touches = triggers(reader.elements("touch"), when: when)
    let limits = readLimits(reader)
    let ends = triggers(reader.elements("end"))
    let liveGroup = readLiveGroup(reader)
    let columns = columnSyntax(reader.entries("columns"), sessions: true, CheckedItems.sessionColumns)
    if limits.gap == nil, limits.max == nil, limits.cut == nil, ends.isEmpty {
      findings.add(entry.key.mark, "these sessions would never end: give `gap`, `max`, `cut` or `end`")
    }
    checkDistinct(inputs.map { ($0.name, $0.node.mark) } + columns.map { ($0.name, $0.mark) })
    for index in 0..<keyCount { inputs[index].isKeyed = true }
    let keys = inputs
    let live = liveGroup.map { place($0, &inputs) }
    let places = self.inputs(of: columns, &inputs)
    guard keyCount > 0, let touched = sources(touches, inputs: inputs) else { return nil }
    var ended: [Source] = []
    if !ends.isEmpty {
      guard let made = sources(ends, inputs: keys) else { return nil }
      ended = made
    }
    if let problem = laneProblem(touched + ended, Array(0..<keyCount)) { findings.add(entry.key.mark, problem) }
    for source in touched + ended where source.explosion != nil {
      findings.add(entry.key.mark, "a session's touch cannot take a list apart")
    }
    let made = aggregateColumns(columns, places, touched[0], isOverItems: false)
    let sessions = Sessions(
      subject: .touches(touched), keyCount: keyCount, gap: limits.gap, max: limits.max, cut: limits.cut, ends: ended,
      endWhen: nil,
      deadline: nil, liveGroup: live,
      isFoldedByDecider: !live.isEmpty && laneProblem(touched, live) != nil, revivesOnTouch: true,
      columns: made,
      expiresItem: false)
    return (.sessions(sessions), sessionTable(entry.key.text, touched[0].inputs[..<keyCount], made))
  }
}

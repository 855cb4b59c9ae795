internal import DynamoModel
internal import Expressions
internal import Pipelines
internal import YAML

extension ProjectionKind {
  /// Sessions that touches make.
  static let sessions = ProjectionKind(
    "sessions",
    keys: [
      "touch", "when", "time", "lateness", "ahead", "gap", "max", "cut", "end", "split when", "one live per", "columns",
    ],
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
    let time = readTime(reader, isLimited: limits.gap != nil || limits.max != nil || limits.cut != nil)
    let liveGroup = readLiveGroup(reader)
    if time != nil, let node = reader.take("one live per") {
      findings.add(
        node.mark, "sessions that go by a `time` of their own cannot supersede each other: leave out `one live per` or `time`")
    }
    let columns = columnSyntax(reader.entries("columns"), sessions: true, CheckedItems.sessionColumns)
    if limits.gap == nil, limits.max == nil, limits.cut == nil, ends.isEmpty, time == nil {
      findings.add(entry.key.mark, "these sessions would never end: give `gap`, `max`, `cut` or `end`")
    }
    checkDistinct(inputs.map { ($0.name, $0.node.mark) } + columns.map { ($0.name, $0.mark) })
    for index in 0..<keyCount { inputs[index].isKeyed = true }
    let keys = inputs
    let live = liveGroup.map { place($0, &inputs) }
    let timePlace = time.map { place($0.input, &inputs) }
    let places = self.inputs(of: columns, &inputs)
    guard keyCount > 0, let touched = sources(touches, inputs: inputs) else { return nil }
    let splits = reader.take("split when").map { node in
      touches.compactMap { condition(node, rules: [$0.rule], isOfChange: true) }
    }
    if let splits, splits.count < touches.count { return nil }
    var ended: [Source] = []
    // An image that is gone does not say when it went.
    for (triggers, inputs) in [
      (ends.filter(\.leavesImage), keys + (time.map { [$0.input] } ?? [])), (ends.filter { !$0.leavesImage }, keys),
    ]
    where !triggers.isEmpty {
      guard let made = sources(triggers, inputs: inputs) else { return nil }
      ended += made
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
      columns: made, expiresItem: false,
      time: time.map { time in
        Sessions.EventTime(input: timePlace ?? 0, lateness: time.lateness, ahead: time.ahead)
      }, splits: splits ?? [])
    return (.sessions(sessions), sessionTable(entry.key.text, touched[0].inputs[..<keyCount], made))
  }

  /// `time: sent`, with `lateness` and `ahead`.
  private func readTime(
    _ reader: MappingReader, isLimited: Bool
  ) -> (input: InputSyntax, lateness: Int64, ahead: Int64)? {
    let lateness = reader.span("lateness", orZero: true)
    let ahead = reader.span("ahead", orZero: true)
    guard let (_, node) = reader.text("time") else {
      for key in ["lateness", "ahead"] {
        if let node = reader.take(key) { findings.add(node.mark, "`\(key)` is about the `time` of the touches: add `time: ...`") }
      }
      return nil
    }
    if reader.take("lateness") == nil {
      findings.add(node.mark, "`time` needs `lateness`: how long after its end a session may be corrected, as `lateness: 10m`")
    }
    if !isLimited {
      findings.add(
        node.mark,
        "sessions that go by a `time` of their own need `gap`, `max` or `cut`: what ends by `end` alone could be corrected for ever"
      )
    }
    guard let input = inputSyntax(node, name: "time", "a time") else { return nil }
    return (
      InputSyntax(name: "time", expression: input.expression, node: node, expected: .timestamp), lateness ?? 0,
      ahead ?? Sessions.EventTime.aheadDefault
    )
  }
}

extension TriggerSyntax {
  /// Whether the image that its inputs are of is there after the change.
  fileprivate var leavesImage: Bool {
    switch event {
    case .inserted, .changed, .added: true
    case .removed, .expired, .taken: false
    }
  }
}

internal import DynamoModel
internal import Expressions
package import Pipelines

/// What a pipeline does, in sentences: for `pipeline show`.
extension Pipeline {
  /// One paragraph for each projection, then one for each effect and each metric.
  package var explanation: String {
    var lines = ["\(name)\(about.isEmpty ? "" : ": \(about)")", ""]
    for table in tables {
      let key = table.definition.key.attributes.map(\.name).joined(separator: ", ")
      let hidden = table.definition.privateAttributes
      lines.append(
        "Reads the table \(table.name) (key \(key))\(hidden.isEmpty ? "" : "; its records leave out \(hidden.joined(separator: ", "))")."
      )
    }
    if !parameters.isEmpty { lines.append("Its parameters are \(parameterText).") }
    lines.append("")
    for projection in projections { lines.append("\(projection.name): \(sentence(projection))") }
    if !effects.isEmpty { lines.append("") }
    for effect in effects { lines.append("\(effect.name): \(sentence(effect))") }
    if !metrics.isEmpty { lines.append("") }
    for metric in metrics { lines.append("\(metric.name): \(sentence(metric))") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The parameters with their values in force: `idle = 5s (30m in the file), limit = 20`.
  package var parameterText: String {
    parameters.map { parameter in
      let isSet = parameter.value != parameter.fileValue
      return "\(parameter.name) = \(parameter.value)\(isSet ? " (\(parameter.fileValue) in the file)" : "")"
    }.joined(separator: ", ")
  }

  /// What one projection does, in one or a few sentences.
  package func sentence(_ projection: Projection) -> String {
    ProjectionKindRegistry.all.lazy.compactMap { $0.sentence(projection, self) }.first ?? ""
  }

  func list(_ words: some Sequence<String>, _ last: String = "and") -> String {
    let words = Array(words)
    guard words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(last) " + words[words.count - 1]
  }

  private func kind(_ source: Source) -> String {
    items[source.rule].name + (source.when.map { " (when \($0.text))" } ?? "")
  }

  private func kinds(_ sources: [Source]) -> String { list(sources.map(kind), "and each") }

  func change(_ source: Source) -> String {
    let item = items[source.rule].name
    let what: String
    switch source.event {
    case .inserted: what = "is inserted"
    case .removed: what = "is removed, for whatever reason"
    case .expired: what = "expires"
    case .added(let list): what = "has elements more in \(list.text)"
    case .taken(let list): what = "has elements less in \(list.text)"
    case .changed(let values): what = "changes\(values.isEmpty ? "" : " in \(list(values.map(text), "or"))")"
    case nil: what = "exists"
    }
    return "\(article(item)) \(item) \(what)\(source.when.map { " and \($0.text)" } ?? "")"
  }

  private func text(_ value: Source.ChangedValue) -> String {
    switch value {
    case .attribute(let path): path.text
    case .field(let expression): expression.text
    }
  }

  func article(_ word: String) -> String { "aeiou".contains(word.prefix(1)) ? "an" : "a" }

  private func changes(_ sources: [Source]) -> String { list(sources.map(change), "or") }

  /// Over what a group or board is made.
  private func basis(_ sources: [Source], isOverItems: Bool) -> String {
    isOverItems
      ? "over each \(kinds(sources)) that exists now, so that edits, moves and deletions are subtracted by themselves"
      : "counting each time that \(changes(sources)); nothing that happens later undoes it"
  }

  private func optional(_ inputs: some Sequence<Input>) -> String {
    let names = inputs.filter(\.isOptional).map(\.name)
    return names.isEmpty ? "" : " What has no \(list(names, "or")) is left out."
  }

  func sentence(_ collection: Collection, _ table: SQLTable) -> String {
    let inputs = collection.sources[0].inputs
    let keys = inputs[..<collection.keyCount]
    let others = inputs[collection.keyCount..<collection.keyCount + collection.columnCount].map(\.name)
    let orders = table.indexes.filter { $0.name != "\(table.name)_by_item" }.map { index in
      index.columns.map { table.columns[$0.column].name + ($0.isDescending ? " descending" : "") }.joined(separator: ", ")
    }
    let kinds = kinds(collection.sources)
    let latest = collection.latestBy.map { inputs[$0] }
    return
      (latest.map { "of each \(list(keys.map(\.name))) the \(kinds) with the greatest \($0.name) that exists now" }
      ?? "a row for each \(kinds) that exists now, by \(list(keys.map(\.name)))")
      + (others.isEmpty ? "." : ", with \(list(others)).")
      + (orders.isEmpty ? "" : " Also ordered by \(list(orders.map { "(\($0))" })).")
      + optional(keys + (latest.map { [$0] } ?? []))
      + (collection.keepsUnreadable ? " The rows of an item that cannot be read stay as they were." : "")
  }

  private func text(_ column: AggregateColumn, _ source: Source) -> String {
    let input = column.input.map { source.inputs[$0].name } ?? ""
    let order = column.order.map { " by \(source.inputs[$0].name)" } ?? ""
    switch column.function {
    case .count: return "\(column.name) = count"
    case .duration: return "\(column.name) = seconds from first to last"
    case .durationMilliseconds: return "\(column.name) = milliseconds from first to last"
    case .current: return "\(column.name) = the item's \(input)"
    default: return "\(column.name) = \(column.function.rawValue)(\(input)\(order))"
    }
  }

  func sentence(_ aggregate: Aggregate) -> String {
    let source = aggregate.sources[0]
    let keys = source.inputs[..<aggregate.keyCount]
    return "for each \(list(keys.map(\.name))), \(basis(aggregate.sources, isOverItems: aggregate.isOverItems)): "
      + "\(list(aggregate.columns.map { text($0, source) }))." + optional(keys)
  }

  func sentence(_ sessions: Sessions) -> String {
    let source = sessions.sources[0]
    let keys = list(source.inputs[..<sessions.keyCount].map(\.name))
    var text: String
    switch sessions.subject {
    case .touches(let touches): text = "a session of each \(keys) begins, and goes on, when \(changes(touches))."
    case .item(let sources, let touches):
      text = "each \(kinds(sources)) is a session, by \(keys), from when it is inserted until it is removed"
      let touched = touches.compactMap { touch -> String? in
        guard case .changed(let values) = touch.event else { return nil }
        let of = sources.count > 1 ? " of \(article(items[touch.rule].name)) \(items[touch.rule].name)" : ""
        let what =
          values.isEmpty ? "anything of \(of.isEmpty ? "it" : String(of.dropFirst(4)))" : list(values.map(self.text), "or") + of
        return what + (touch.when.map { " (when \($0.text))" } ?? "")
      }
      text += touched.isEmpty ? "." : "; a change in \(list(touched, "or")) touches it."
    }
    var ends: [String] = []
    if let gap = sessions.gap { ends.append("\(SpanText.text(gap)) after the last touch, that instant included") }
    if let max = sessions.max { ends.append("\(SpanText.text(max)) after the first") }
    if case .midnight(let zone)? = sessions.cut { ends.append("at midnight in \(zone.name)") }
    if let deadline = sessions.deadline {
      ends.append("at \(sessions.keepsGreatestDeadline ? "the greatest " : "")\(source.inputs[deadline].expression.text)")
    }
    if !ends.isEmpty { text += " It expires \(list(ends, "or"))." }
    if !sessions.ends.isEmpty { text += " It ends when \(changes(sessions.ends))." }
    if let when = sessions.endWhen { text += " It ends when \(when.text)." }
    if let split = sessions.splits.first { text += " A touch for which \(split.text) ends it, and begins the next." }
    if let time = sessions.time {
      text +=
        " A touch counts at \(source.inputs[time.input].expression.text), if that is at most \(SpanText.text(time.ahead)) later than its commit; until \(SpanText.text(time.lateness)) after its end a session may be corrected by touches that come late, and only then is its end handed to effects."
    }
    if !sessions.liveGroup.isEmpty {
      text +=
        " Of the sessions of one \(list(sessions.liveGroup.map { source.inputs[$0].name })) only the one that came last is live: it ends the others as superseded."
      if case .item = sessions.subject {
        text += sessions.revivesOnTouch ? " A touch of a superseded one opens a new session." : " A superseded one stays ended."
      }
    }
    if sessions.expiresItem { text += " The item of an expired session is deleted, if it is still as it was seen." }
    if !sessions.columns.isEmpty { text += " It holds \(list(sessions.columns.map { self.text($0, source) }))." }
    return text
  }

  func sentence(_ history: History, _ table: SQLTable) -> String {
    let source = history.sources[0]
    let keys = source.inputs[..<history.keyCount]
    let columns = source.inputs[history.keyCount...].map { "\($0.name) (\($0.expression.text))" }
    var text = "a row each time that \(changes(history.sources))"
    if history.hasElements {
      let lists = history.sources.map { source in
        var isAdded = false
        if case .added = source.event { isAdded = true }
        let condition = source.when.map { " (when \($0.text))" } ?? ""
        return "\(isAdded ? "added to" : "removed from") \(source.event?.list?.text ?? "")\(condition)"
      }
      text =
        "a row for each element that a change of \(article(items[source.rule].name)) \(items[source.rule].name) \(list(lists, "or")), and one of event rewritten for a list that does not go on where it ended"
    }
    text +=
      ", by \(list(keys.map(\.name)))\(columns.isEmpty ? "" : ", with \(list(columns))"); nothing that happens later undoes it."
    if let count = history.keepRows { text += " The latest \(count) rows of each \(list(keys.map(\.name))) are kept." }
    if let span = history.keepFor { text += " A row goes when it is older than \(SpanText.text(span)), by the log's clock." }
    return text + optional(keys)
  }

  func sentence(_ board: Leaderboard) -> String {
    let source = board.sources[0]
    let member = source.inputs[board.memberInput].name
    let scores = board.scores.map { score in
      score.input.map { "\(score.function.rawValue)(\(source.inputs[$0].name))" } ?? "count"
    }
    var text =
      "ranks each \(member) by \(scores.joined(separator: ", then by ")), \(basis(board.sources, isOverItems: board.isOverItems))."
    if board.boardCount > 0 {
      let names = source.inputs[..<board.boardCount].enumerated().map { index, input in
        board.windows.first { $0.column == index }.map {
          "\(input.name) (\($0.text(of: input.name)))"
        } ?? input.name
      }
      text += " There is a board for each \(list(names))."
    }
    let words = board.scores.map { $0.direction == .descending ? "greatest" : "least" }
    text +=
      scores.count == 1
      ? " The \(words[0]) score is first"
      : " The \(words[0]) \(scores[0]) is first, of equal ones the "
        + "\(zip(words, scores).dropFirst().map { "\($0) \($1)" }.joined(separator: ", then the "))"
    switch board.ties {
    case .firstToReach: text += "; equal scores rank in the order in which they were reached, then by \(member)."
    case .competition: text += "; equal scores share a rank and the next ranks are left out (1 2 2 4)."
    case .dense: text += "; equal scores share a rank and none is left out (1 2 2 3)."
    case .modified: text += "; equal scores share the last of their ranks (1 3 3 4)."
    case .fractional: text += "; equal scores share the mean of their ranks (1 2.5 2.5 4)."
    }
    if !board.columns.isEmpty { text += " It holds \(list(board.columns.map { self.text($0, source) }))." }
    if let count = board.keepBoards { text += " The latest \(count) boards are kept." }
    if let count = board.keepMembers { text += " The first \(count) members of a board are kept." }
    if let floor = board.floor {
      text +=
        " A \(scores.count == 1 ? "score" : scores[0]) \(board.direction == .descending ? "below" : "above") \(floor) has no rank."
    }
    if let show = board.show { text += " It shows \(list(show.columns)) from \(projections[show.projection].name)." }
    return text + optional(source.inputs)
  }

  private func sentence(_ metric: PipelineMetric) -> String {
    let labels = metric.labels.map { metric.columns[$0].name }
    let series = labels.isEmpty ? "" : ", with a series for each \(list(labels)), at most \(metric.seriesMax)"
    return "a \(metric.kind.rawValue) for Prometheus\(series). \(metric.help)"
  }
}

extension Leaderboard.Window {
  /// What it is a period of, where the column's name does not say so.
  fileprivate func text(of name: String) -> String {
    let parts = [isOfCommit ? "of the commit time" : "", periods.text == name ? "" : periods.text, periods.zone?.name ?? ""]
    return parts.filter { !$0.isEmpty }.joined(separator: ", ")
  }
}

internal import DynamoModel
internal import Expressions
package import Pipelines

/// What an effect does, in sentences.
extension Pipeline {
  package func sentence(_ effect: Effect) -> String {
    let trigger: String
    let names: (Int) -> String
    switch effect.trigger {
    case .change(let source):
      trigger = "when \(self.trigger(source))"
      names = { source.inputs[$0].name }
    case .session(let projection, let ends):
      trigger = "when a session of \(projections[projection].name) comes to its end (\(list(ends.map(\.rawValue), "or")))"
      names = { [projections] in projections[projection].table.columns[$0].name }
    case .conditionTurned(let projection, let condition):
      trigger = "when \(condition.text) turns true of a row of \(projections[projection].name)"
      names = { [projections] in projections[projection].table.columns[$0].name }
    case .boardClosed(let projection):
      trigger = "when a board of \(projections[projection].name) has closed"
      names = { [projections] input in
        guard case .leaderboard(let board) = projections[projection].kind, input < board.boardCount else { return "closed_at" }
        return projections[projection].table.columns[input].name
      }
    }
    return "\(trigger), \(deed(effect.action, names))." + conditions(effect, names)
  }

  /// Of elements it is each of them.
  private func trigger(_ source: Source) -> String {
    guard let list = source.event?.list else { return change(source) }
    let item = items[source.rule].name
    var isAdded = false
    if case .added = source.event { isAdded = true }
    return
      "an element \(isAdded ? "comes into" : "leaves") \(list.path.text) of \(article(item)) \(item)\(source.when.map { " and \($0.text)" } ?? "")"
  }

  private func deed(_ action: Effect.Action, _ names: @escaping (Int) -> String) -> String {
    switch action {
    case .deleteItem: return "its item is deleted, if it is still as it was seen"
    case .deleteRows(let selections):
      let rows = selections.map { selection in
        let table = projections[selection.projection].table
        let equals = selection.equals.map { "\(table.columns[$0.column].name) is its \(names($0.input))" }
        return "\(table.name) of which \(list(equals))"
      }
      return "the items from which the rows of \(list(rows)) come are deleted, as far as they exist at that instant"
    case .carryOut(let template): return deed(template, names)
    }
  }

  private func deed(_ template: ActionTemplate, _ names: @escaping (Int) -> String) -> String {
    func condition(_ condition: ConditionTemplate?) -> String { condition.map { ", if \($0.source)" } ?? "" }
    func members(_ all: [ActionTemplate.Member]) -> String {
      list(all.map { "\($0.name) = \($0.value.text(names))" })
    }
    switch template {
    case .put(let table, let item, let when):
      return "an item of \(tables[table].name) is written, with \(members(item))\(condition(when))"
    case .update(let table, let key, let set, let when):
      return "in the item of \(tables[table].name) of which \(members(key)) it sets \(members(set))\(condition(when))"
    case .webhook(let url, let headers, let body):
      let with = headers.isEmpty ? "" : ", with the headers \(list(headers.map { "\($0.name): \($0.value.text(names))" }))"
      return "\(body.text(names)) is sent to \(url.text(names))\(with)"
    case .topic(let name, let key, let value):
      return
        "\(value.text(names)) is published to the Kafka topic \(name)\(key.map { ", under the key \($0.text(names))" } ?? "")"
    case .mail(let to, let subject, let text):
      return "a mail goes to \(list(to.map { $0.text(names) })), about “\(subject.text(names))”: “\(text.text(names))”"
    }
  }

  /// Said only where a file says it.
  private func conditions(_ effect: Effect, _ names: (Int) -> String) -> String {
    var text = ""
    if let inputs = effect.identity { text += " It is carried out once for each \(list(inputs.map(names)))." }
    if let inputs = effect.sequence { text += " Those of one \(list(inputs.map(names))) go one after the other." }
    if let most = effect.perHourMax, most != Effect.perHourMaxUsual {
      text += " Of one item, session or board \(most) are carried out in an hour, and the rest is given up."
    }
    if effect.retry == .standard { return text }
    func span(_ milliseconds: Int) -> String { SpanText.text(Int64(milliseconds) * 1_000) }
    return text
      + " It is tried \(effect.retry.attempts) times at most, for the second time after \(span(effect.retry.firstWaitMilliseconds)), and waits \(span(effect.retry.waitMillisecondsMax)) at most."
  }
}

extension TextTemplate {
  /// As the file has it.
  fileprivate func text(_ names: (Int) -> String) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .input(let input): "{\(names(input))}"
      }
    }.joined()
  }
}

extension ValueTemplate {
  fileprivate func text(_ names: (Int) -> String) -> String {
    switch self {
    case .literal(.string(let text)): "'\(text)'"
    case .literal(let value): value.description
    case .input(let input): names(input)
    case .text(let template): "'\(template.text(names))'"
    case .object(let members): "{ \(members.map { "\($0.name): \($0.value.text(names))" }.joined(separator: ", ")) }"
    case .list(let elements): "[\(elements.map { $0.text(names) }.joined(separator: ", "))]"
    }
  }
}

internal import Pipelines
internal import YAML

/// A mapping of the grammar as a file has it. Keys that the grammar does not have are named when the reader is made.
struct MappingReader {
  let node: YAMLNode
  private let grammar: GrammarMapping
  private let findings: Findings

  /// What the mapping is, for messages: "a table".
  var what: String { grammar.what }

  /// Nil, with a finding, when the node is not a mapping.
  init?(_ node: YAMLNode, _ grammar: GrammarMapping, _ findings: Findings) {
    guard let entries = node.mapping else {
      findings.add(
        node.mark, "\(grammar.what) has to be a mapping (`key: value`), but this is \(node.isNull ? "empty" : node.kind)")
      return nil
    }
    self.node = node
    self.grammar = grammar
    self.findings = findings
    for entry in entries where !grammar.keys.contains(entry.key.text) {
      let word = entry.key.text
      findings.add(
        entry.key.mark,
        grammar.refusals[word] ?? "\(grammar.what) has no key `\(word)`\(Suggestion.text(for: word, among: grammar.keys))")
    }
  }

  /// The value at a key; nil when there is none, and when it is null. The grammar has to have the key.
  func take(_ key: String) -> YAMLNode? {
    assert(grammar.keys.contains(key), "the grammar of \(grammar.what) does not list `\(key)`")
    guard let value = node[key], !value.isNull else { return nil }
    return value
  }

  func require(_ key: String) -> YAMLNode? {
    if let value = take(key) { return value }
    findings.add(node[key]?.mark ?? node.mark, "\(what) needs `\(key)`")
    return nil
  }

  /// The scalar at a key, with its node; a finding when it is something else.
  func text(_ key: String) -> (text: String, node: YAMLNode)? {
    take(key).flatMap { node in findings.text(node, "`\(key)`").map { ($0, node) } }
  }

  /// The literal at a key, which may be a parameter of one of these kinds.
  func literal(_ key: String, _ kinds: [PipelineParameter.Kind] = [.number, .flag, .text]) -> (text: String, node: YAMLNode)? {
    take(key).flatMap { node in findings.literal(node, "`\(key)`", kinds).map { ($0, node) } }
  }

  func requireText(_ key: String) -> (text: String, node: YAMLNode)? {
    require(key).flatMap { node in findings.text(node, "`\(key)`").map { ($0, node) } }
  }

  /// The entries of the mapping at a key; empty when there is none.
  func entries(_ key: String) -> [YAMLNode.Entry] {
    guard let node = take(key) else { return [] }
    guard let entries = node.mapping else {
      findings.add(node.mark, "`\(key)` has to be a mapping (`name: ...`), but this is \(node.kind)")
      return []
    }
    return entries
  }

  /// The elements at a key: a list's, or the one value.
  func elements(_ key: String) -> [YAMLNode] {
    guard let node = take(key) else { return [] }
    return node.sequence ?? [node]
  }

  /// A whole number at a key within a range.
  func integer(_ key: String, _ range: ClosedRange<Int>) -> Int? {
    guard let (text, node) = literal(key, [.number]) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      findings.add(node.mark, "`\(key)` has to be a whole number from \(range.lowerBound) to \(range.upperBound), not `\(text)`")
      return nil
    }
    return number
  }

  /// true or false at a key.
  func flag(_ key: String) -> Bool? {
    guard let (text, node) = literal(key, [.flag]) else { return nil }
    switch text {
    case "true": return true
    case "false": return false
    default:
      findings.add(node.mark, "`\(key)` has to be `true` or `false`, not `\(text)`")
      return nil
    }
  }

  /// Microseconds of a length of time at a key.
  func span(_ key: String, orZero: Bool = false) -> Int64? {
    guard let (text, node) = literal(key, [.span]) else { return nil }
    guard let span = SpanText.parse(text), span > 0 || orZero else {
      findings.add(
        node.mark, "`\(text)` is not a length of time: write `30m`, `24h`, `90s`, `500ms` or `7d`, of at most a hundred years")
      return nil
    }
    return span
  }

  /// Milliseconds of a length of time at a key, within a range.
  func milliseconds(_ key: String, _ range: ClosedRange<Int>) -> Int? {
    guard let span = span(key) else { return nil }
    let (least, most) = (SpanText.text(Int64(range.lowerBound) * 1_000), SpanText.text(Int64(range.upperBound) * 1_000))
    guard let milliseconds = Int(exactly: span / 1_000), range.contains(milliseconds) else {
      findings.add(node[key]?.mark ?? node.mark, "`\(key)` has to be from \(least) to \(most)")
      return nil
    }
    return milliseconds
  }
}

extension Findings {
  /// A scalar's text; a finding when the node is something else or empty.
  func text(_ node: YAMLNode, _ what: String) -> String? {
    guard let scalar = node.scalar, !node.isNull else {
      add(node.mark, "\(what) has to be a text, but this is \(node.isNull ? "empty" : node.kind)")
      return nil
    }
    return scalar.text
  }
}

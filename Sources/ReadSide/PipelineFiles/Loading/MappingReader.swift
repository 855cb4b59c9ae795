internal import Pipelines
internal import YAML

/// Reads a mapping's known keys and names the unknown ones.
final class MappingReader {
  let node: YAMLNode
  /// What the mapping is, for messages: "a table".
  let what: String
  private let findings: Findings
  private var asked: [String] = []
  /// Keys that are known and not supported: never suggested.
  private var refused: [String] = []

  /// Nil, with a finding, when the node is no mapping.
  init?(_ node: YAMLNode, _ what: String, _ findings: Findings) {
    guard node.mapping != nil else {
      findings.add(node.mark, "\(what) has to be a mapping (`key: value`), but this is \(node.isNull ? "empty" : node.kind)")
      return nil
    }
    self.node = node
    self.what = what
    self.findings = findings
  }

  func take(_ key: String) -> YAMLNode? {
    asked.append(key)
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
    guard let (text, node) = text(key) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      findings.add(node.mark, "`\(key)` has to be a whole number from \(range.lowerBound) to \(range.upperBound), not `\(text)`")
      return nil
    }
    return number
  }

  /// true or false at a key.
  func flag(_ key: String) -> Bool? {
    guard let (text, node) = text(key) else { return nil }
    switch text {
    case "true": return true
    case "false": return false
    default:
      findings.add(node.mark, "`\(key)` has to be `true` or `false`, not `\(text)`")
      return nil
    }
  }

  /// Microseconds of a length of time at a key.
  func span(_ key: String) -> Int64? {
    guard let (text, node) = text(key) else { return nil }
    guard let span = SpanText.parse(text), span > 0 else {
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

  /// Keys that the grammar knows but this version does not carry out.
  func refuse(_ keys: [String]) {
    for key in keys {
      refused.append(key)
      if let entry = node.mapping?.first(where: { $0.key.text == key }) {
        findings.add(entry.key.mark, "`\(key)` is not supported by this version")
      }
    }
  }

  /// Names the keys that nobody asked for. Call last.
  func finish() {
    for entry in node.mapping ?? [] where !asked.contains(entry.key.text) && !refused.contains(entry.key.text) {
      findings.add(entry.key.mark, "\(what) has no key `\(entry.key.text)`\(Suggestion.text(for: entry.key.text, among: asked))")
    }
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

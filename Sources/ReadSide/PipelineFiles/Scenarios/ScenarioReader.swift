internal import DynamoModel
internal import Foundation
internal import Pipelines
internal import YAML

/// Reads one file of scenarios.
final class ScenarioReader {
  /// With the parameters that the scenario sets, which change no name.
  private(set) var pipeline: Pipeline
  /// As the file has it.
  private let original: Pipeline
  let findings: Findings

  init(pipeline: Pipeline, file: String) {
    self.pipeline = pipeline
    original = pipeline
    findings = Findings(file: file)
  }

  func scenario(_ node: YAMLNode) -> Scenario? {
    guard let reader = MappingReader(node, ScenarioGrammar.scenario, findings) else { return nil }
    let name = reader.requireText("test")
    pipeline = readParameters(reader) ?? original
    let steps = reader.elements("steps")
    if reader.require("steps") != nil, steps.isEmpty { findings.add(node.mark, "a scenario needs steps") }
    var clock: Instant?
    var made: [Scenario.Step] = []
    for node in steps { if let step = step(node, &clock) { made.append(step) } }
    return name.map {
      Scenario(name: $0.text, file: findings.file, line: node.mark.line, pipeline: pipeline, steps: made)
    }
  }

  /// `parameters: { idle: 5s }`. Nil where there are none, or they cannot be set.
  private func readParameters(_ reader: MappingReader) -> Pipeline? {
    let entries = reader.entries("parameters")
    var settings: [ParameterSettings.Setting] = []
    for entry in entries {
      guard let parameter = original.parameters.first(where: { $0.name == entry.key.text }) else {
        let known = Suggestion.text(for: entry.key.text, among: original.parameters.map(\.name))
        findings.add(entry.key.mark, "the pipeline has no parameter `\(entry.key.text)`\(known)")
        continue
      }
      guard let text = findings.text(entry.value, "a parameter's value") else { continue }
      if FileParameters.canonical(text, parameter.kind) == nil {
        findings.add(
          entry.value.mark, "`\(entry.key.text)` is \(parameter.kind.description), and `\(text)` is not")
      } else {
        settings.append(.init(name: parameter.name, value: text, source: "\(entry.key.text): \(text)"))
      }
    }
    if settings.isEmpty { return nil }
    do throws(PipelineError) {
      return try PipelineLoader.load(
        text: Array(original.text.utf8), file: PipelineLoader.fileName, set: ParameterSettings(original.name, settings))
    } catch {
      let reasons = error.findings.map(\.description).joined(separator: "; ")
      findings.add(reader.node["parameters"]?.mark ?? reader.node.mark, "the pipeline does not take these parameters: \(reasons)")
      return nil
    }
  }

  private func step(_ node: YAMLNode, _ clock: inout Instant?) -> Scenario.Step? {
    guard let reader = MappingReader(node, ScenarioGrammar.step, findings) else { return nil }
    readClock(reader, &clock)
    guard let time = clock else {
      findings.add(node.mark, "the first step has to set the clock: `at: 2026-01-01T10:00:00Z`")
      return nil
    }
    var writes: [Scenario.Write] = []
    for entry in node.mapping ?? [] { writes += self.writes(entry, reader) }
    for key in ["put", "update", "delete", "batch", "import"] { _ = reader.take(key) }
    var expectations: [Scenario.Expectation] = []
    for entry in reader.entries("expect") { expectations += rows(entry) }
    for node in reader.elements("query") { if let query = query(node) { expectations.append(query) } }
    for node in reader.elements("board") { if let board = board(node) { expectations.append(board) } }
    if let node = reader.take("dead_letters") { expectations.append(deadLetters(node)) }
    if let node = reader.take("effects") { expectations.append(effects(node)) }
    return Scenario.Step(line: node.mark.line, time: time, writes: writes, expectations: expectations)
  }

  private func readClock(_ reader: MappingReader, _ clock: inout Instant?) {
    let at = reader.text("at")
    let advance = reader.span("advance")
    if let (text, node) = at {
      if advance != nil { findings.add(node.mark, "a step has `at` or `advance`, not both") }
      guard let time = try? Timestamp.parse(text, zone: nil) else {
        findings.add(node.mark, "`\(text)` is not a timestamp with a zone, as `2026-01-01T10:00:00Z`")
        return
      }
      if time.rawValue < 0 { findings.add(node.mark, "the clock of a table begins with 1970") }
      if time.rawValue % 1_000 != 0 { findings.add(node.mark, "the clock has whole milliseconds only") }
      if let before = clock, time < before {
        findings.add(node.mark, "the clock does not go back: it is \(Timestamp.text(before)) here")
      }
      clock = time
    } else if let advance {
      if clock == nil { findings.add(reader.node.mark, "the first step has to set the clock with `at`") }
      if let before = clock, before.distance(to: Timestamp.greatest) < advance {
        findings.add(reader.node["advance"]?.mark ?? reader.node.mark, "the clock would pass the year 9999")
        return
      }
      clock = clock?.advanced(by: advance)
    }
  }

  // MARK: Writes

  private func writes(_ entry: YAMLNode.Entry, _ reader: MappingReader) -> [Scenario.Write] {
    switch entry.key.text {
    case "put", "update", "delete", "import":
      guard let tables = entry.value.mapping else {
        findings.add(
          entry.value.mark,
          "`\(entry.key.text)` names a table: `\(entry.key.text): { \(pipeline.tables.first?.name ?? "Table"): ... }`")
        return []
      }
      return tables.flatMap { writes(entry.key.text, $0) }
    case "batch":
      let writes = (entry.value.sequence ?? [entry.value]).flatMap { node in
        (node.mapping ?? []).flatMap { inner -> [Scenario.Write] in
          guard inner.key.text == "put" || inner.key.text == "delete" else {
            findings.add(inner.key.mark, "a batch puts and deletes, as BatchWriteItem does")
            return []
          }
          return self.writes(inner, reader)
        }
      }
      return [.batch(writes)]
    default: return []
    }
  }

  private func writes(_ operation: String, _ entry: YAMLNode.Entry) -> [Scenario.Write] {
    guard let table = pipeline.table(named: entry.key.text) else {
      findings.add(
        entry.key.mark,
        "there is no table `\(entry.key.text)`\(Suggestion.text(for: entry.key.text, among: pipeline.tables.map(\.name)))")
      return []
    }
    if operation == "import" { return imported(entry.value, table) }
    return (entry.value.sequence ?? [entry.value]).compactMap { node in
      switch operation {
      case "put": return item(node, table).map { .put(table: table, $0) }
      case "delete": return key(node, table).map { .delete(table: table, key: $0) }
      default: return update(node, table)
      }
    }
  }

  private func item(_ node: YAMLNode, _ table: TableIndex) -> Item? {
    guard let item = attributes(node, table) else {
      findings.add(node.mark, "an item is a mapping of attributes")
      return nil
    }
    for attribute in pipeline.tables[table].definition.key.attributes
    where item[attribute.name].map(attribute.type.accepts) != true {
      findings.add(node.mark, "the item needs its key attribute `\(attribute.name)`")
      return nil
    }
    return item
  }

  private func key(_ node: YAMLNode, _ table: TableIndex) -> Item? {
    guard let item = item(node, table) else { return nil }
    if item.count != pipeline.tables[table].definition.key.attributes.count {
      findings.add(node.mark, "a key has the key attributes only")
      return nil
    }
    return item
  }

  /// `{ key: {...}, set: {...}, remove: [...] }`
  private func update(_ node: YAMLNode, _ table: TableIndex) -> Scenario.Write? {
    guard let reader = MappingReader(node, ScenarioGrammar.update, findings) else { return nil }
    let key = reader.require("key").flatMap { self.key($0, table) }
    var set = Item()
    if let node = reader.take("set") {
      if let attributes = attributes(node, table) {
        set = attributes
      } else {
        findings.add(node.mark, "`set` is a mapping of attributes")
      }
    }
    let remove = reader.elements("remove").compactMap { findings.text($0, "an attribute's name") }
    return key.map { .update(table: table, key: $0, set: set, remove: remove) }
  }

  /// Lines of DynamoDB JSON in a file beside the test.
  private func imported(_ node: YAMLNode, _ table: TableIndex) -> [Scenario.Write] {
    guard let name = findings.text(node, "a file's name") else { return [] }
    let folder = URL(fileURLWithPath: findings.file).deletingLastPathComponent()
    guard let data = FileManager.default.contents(atPath: folder.appending(path: name).path) else {
      findings.add(node.mark, "there is no file `\(name)` beside the test")
      return []
    }
    var writes: [Scenario.Write] = []
    for (number, line) in data.split(separator: UInt8(ascii: "\n")).enumerated() {
      guard let tape = try? JSONTape(Array(line)) else {
        findings.add(node.mark, "line \(number + 1) of `\(name)` is not JSON")
        return []
      }
      let object = tape.kind(tape.root) == .object ? tape.member(tape.root, "Item") ?? tape.root : tape.root
      do throws(DynamoError) {
        writes.append(.put(table: table, try Item(json: tape, object)))
      } catch {
        findings.add(node.mark, "line \(number + 1) of `\(name)`: \(error.message)")
        return []
      }
    }
    return writes
  }

  /// An item's attributes as they are written: numbers are N, quoted text is S, true and false BOOL, null NULL, mappings M, lists L, and
  /// `{ $ss: [...] }`, `{ $ns: [...] }`, `{ $b: base64 }` what YAML has no form for. Key attributes take their declared type.
  private func attributes(_ node: YAMLNode, _ table: TableIndex) -> AttributeMap? {
    guard let entries = node.mapping else { return nil }
    let keys = pipeline.tables[table].definition.keyAttributes
    return AttributeMap(
      entries.compactMap { entry in
        let declared = keys.first { Text.equal($0.name, entry.key.text) }?.type
        return attribute(entry.value, declared).map { AttributeMap.Entry(name: entry.key.text, value: $0) }
      })
  }

  private func attribute(_ node: YAMLNode, _ declared: KeyType? = nil) -> AttributeValue? {
    switch node.content {
    case .scalar(let scalar):
      if scalar.isQuoted || declared == .string { return .string(scalar.text) }
      if node.isNull { return .null }
      if scalar.text == "true" || scalar.text == "false" { return .bool(scalar.text == "true") }
      return (try? Number(scalar.text)).map { .number($0) } ?? .string(scalar.text)
    case .sequence(let nodes): return .list(nodes.compactMap { attribute($0) })
    case .mapping(let entries):
      if entries.count == 1, let first = entries.first, first.key.text.hasPrefix("$") { return special(first) }
      return .map(
        AttributeMap(
          entries.compactMap { entry in
            attribute(entry.value).map { AttributeMap.Entry(name: entry.key.text, value: $0) }
          }))
    }
  }

  /// What a table takes: sets have elements, each once.
  private func special(_ entry: YAMLNode.Entry) -> AttributeValue? {
    let texts = (entry.value.sequence ?? [entry.value]).map { $0.scalar?.text }
    let whole = texts.compactMap { $0 }
    switch entry.key.text {
    case "$ss":
      if !texts.isEmpty, whole.count == texts.count, Text.firstRepeated(whole) == nil {
        return .stringSet(whole.sorted(by: Text.less))
      }
      findings.add(entry.value.mark, "`$ss` takes a list of texts: one at least, each once")
    case "$ns":
      let numbers = whole.compactMap { try? Number($0) }
      if !texts.isEmpty, numbers.count == texts.count, Set(numbers).count == numbers.count { return .numberSet(numbers.sorted()) }
      findings.add(entry.value.mark, "`$ns` takes a list of numbers: one at least, each once")
    case "$b":
      if texts.count == 1, let text = whole.first, let bytes = Base64.decode(Array(text.utf8)) { return .binary(bytes) }
      findings.add(entry.value.mark, "`$b` takes bytes in base64")
    default:
      findings.add(entry.key.mark, "`\(entry.key.text)` is not known: there are `$ss`, `$ns` and `$b` (base64)")
    }
    return nil
  }
}

internal import DynamoModel
internal import Expressions
internal import Pipelines
internal import YAML

/// Finds effects that set themselves off for ever: by trying them on an item that each could have.
///
/// An item of the trigger's kind is made up, the effect's write is carried out on tables in memory, then whatever that sets off, and so on. A write that
/// changes nothing leaves no record and ends it. Only what is certain is found: effects and items with a condition are left out, since it may end the loop;
/// what they do is for the limit of an hour.
struct EffectLoops {
  let pipeline: Pipeline

  /// One change, and the effects that led to it, the first one first.
  private struct Step {
    let table: TableIndex
    let old: Item?
    let new: Item?
    let path: [Int]
  }

  /// Indexes of effects, each with the loop that it is the first of: the effects that set one another off.
  func all() -> [(effect: Int, loop: [Int])] {
    var found: [(effect: Int, loop: [Int])] = []
    for index in pipeline.effects.indices where source(index) != nil {
      if found.contains(where: { $0.loop.contains(index) }) { continue }
      if let loop = loop(from: index) { found.append((index, loop)) }
    }
    return found
  }

  /// Says where the effects stand that set themselves off.
  func report(_ entries: [YAMLNode.Entry], _ findings: Findings) {
    for (effect, loop) in all() {
      let names = loop.map { "`\(pipeline.effects[$0].name)`" }
      let entry = entries.first { $0.key.text == pipeline.effects[effect].name }
      findings.add(
        entry?.key.mark ?? Mark(line: 1, column: 1),
        names.count == 1
          ? "\(names[0]) sets itself off, for ever: what it writes is what it waits for. Let a `when` end it"
          : "\(names.joined(separator: " and ")) set one another off, for ever. Let a `when` end it")
    }
  }

  /// What sets an effect off that writes without a condition; nil of every other.
  private func source(_ index: Int) -> Source? {
    let effect = pipeline.effects[index]
    guard case .change(let source) = effect.trigger, source.when == nil, pipeline.items[source.rule].when == nil else {
      return nil
    }
    switch effect.action {
    case .carryOut(.put(_, _, nil)), .carryOut(.update(_, _, _, nil)): return source
    default: return nil
    }
  }

  /// After so many writes one after the other nothing comes to rest by itself any more.
  private var depthMax: Int { 2 * pipeline.effects.count + 8 }
  private static let stepsMax = 2_000

  private func loop(from first: Int) -> [Int]? {
    guard let source = source(first), let step = beginning(source) else { return nil }
    var items: [String: Item] = [:]
    items[name(source.table, step.new ?? step.old ?? Item())] = step.new
    var steps = written(by: first, step, &items)
    var count = 0
    while let step = steps.popLast() {
      count += 1
      if step.path.count > depthMax {
        let rest = Array(step.path.dropFirst(step.path.count / 2))
        return rest.contains(first) ? Array(Set(rest)).sorted() : nil
      }
      if count > EffectLoops.stepsMax { return nil }
      for index in pipeline.effects.indices where self.source(index) != nil { steps += written(by: index, step, &items) }
    }
    return nil
  }

  private func name(_ table: TableIndex, _ item: Item) -> String {
    var key = JSONWriter()
    key.beginArray()
    key.integer(table.rawValue)
    for attribute in pipeline.tables[table].definition.key.attributes { key.attribute(item[attribute.name] ?? .null) }
    key.endArray()
    return String(decoding: key.bytes, as: UTF8.self)
  }

  /// The changes that an effect's writes make when a change sets it off.
  private func written(by effect: Int, _ step: Step, _ items: inout [String: Item]) -> [Step] {
    guard let source = source(effect), source.table == step.table, case .carryOut(let template) = pipeline.effects[effect].action
    else { return [] }
    let matcher = pipeline.tables[source.table].matcher
    let (old, new) = matcher.images(old: step.old, new: step.new)
    // Each write comes a second after what set it off.
    let commit = Instant(rawValue: 1_767_225_600_000_000 + Int64(step.path.count) * 1_000_000)
    guard let image = source.fires(old: old, new: new, isExpiry: false, commit: commit) else { return [] }
    let all: [[Value]]
    do throws(EvaluationFailure) {
      all =
        source.event?.list != nil
        ? try source.members(of: image, old: old, new: new, commit: commit).map(\.values)
        : try source.contributions(of: image, commit: commit, old: old, new: new)
    } catch {
      return []
    }
    return all.compactMap { values in
      let table: String
      let made: (key: Item, item: (Item?) -> Item)
      switch template.resolved(values, of: pipeline) {
      case .put(let name, let key, let item, _): (table, made) = (name, (key, { _ in item }))
      case .update(let name, let key, let set, let remove, _):
        table = name
        made = (
          key,
          { current in
            var item = current ?? key
            for entry in set.entries { item[entry.name] = entry.value }
            for name in remove { item[name] = nil }
            return item
          }
        )
      default: return nil
      }
      guard let index = pipeline.table(named: table) else { return nil }
      let place = (table: index, name: name(index, made.key))
      let old = items[place.name]
      let new = made.item(old)
      if old == new { return nil }
      items[place.name] = new
      return Step(table: place.table, old: old, new: new, path: step.path + [effect])
    }
  }

  // MARK: An item that could be

  /// A change that sets the effect off, of items that are made up; nil where none could be made.
  private func beginning(_ source: Source) -> Step? {
    guard let one = item(of: source, "a", 1), let other = item(of: source, "b", 2) else { return nil }
    switch source.event {
    case .inserted, .added: return Step(table: source.table, old: nil, new: one, path: [])
    case .removed, .expired, .taken: return Step(table: source.table, old: one, new: nil, path: [])
    case .changed: return Step(table: source.table, old: one, new: other, path: [])
    case nil: return nil
    }
  }

  /// An item under the source's rule, with these texts and numbers outside its key.
  private func item(of source: Source, _ text: String, _ number: Int64) -> Item? {
    let table = pipeline.tables[source.table]
    guard let templates = table.matcher.templates(of: source.rule) else { return nil }
    var item = Item()
    for (attribute, template) in templates {
      guard let type = table.definition.key.attributes.first(where: { Text.equal($0.name, attribute) })?.type,
        let segments = template.alternatives.first
      else { return nil }
      var key: [UInt8] = []
      for segment in segments {
        switch segment {
        case .literal(let bytes): key += bytes
        case .capture(let index):
          key += Array(EffectLoops.text(template.captures[index].type, template.captures[index].form).utf8)
        }
      }
      let text = String(decoding: key, as: UTF8.self)
      switch type {
      case .string: item[attribute] = .string(text)
      case .number:
        guard let number = try? Number(text) else { return nil }
        item[attribute] = .number(number)
      case .binary: item[attribute] = .binary(key)
      }
    }
    for field in pipeline.items[source.rule].fields {
      for leaf in field.expression.leaves where leaf.path.elements.count == 1 && item[leaf.path.root] == nil {
        item[leaf.path.root] = EffectLoops.attribute(leaf.type, leaf.form, text: text, number: number)
      }
    }
    for input in source.inputs {
      for leaf in input.expression.leaves where leaf.path.elements.count == 1 && item[leaf.path.root] == nil {
        item[leaf.path.root] = EffectLoops.attribute(leaf.type, leaf.form, text: text, number: number)
      }
    }
    for list in [source.explosion, source.event?.list].compactMap({ $0 }) where list.path.elements.count == 1 {
      item[list.path.root] = .list([.string(text)])
    }
    return table.matcher.image(of: item)?.rule == source.rule ? item : nil
  }

  private static func text(_ type: ValueType, _ form: ValueForm) -> String {
    switch type {
    case .string, .json: return "a"
    case .integer, .decimal: return "1"
    case .boolean: return "true"
    case .bytes: return "AA=="
    case .timestamp:
      switch form {
      // As it stands in values: a key that is made of one is then the same.
      case .iso, .any: return "2026-01-01T00:00:00.000000Z"
      case .seconds: return "1767225600"
      case .milliseconds: return "1767225600000"
      }
    }
  }

  private static func attribute(_ type: ValueType, _ form: ValueForm, text: String, number: Int64) -> AttributeValue {
    switch type {
    case .string: .string(text)
    case .integer, .decimal: .number(Number(number))
    case .boolean: .bool(number == 1)
    case .bytes: .binary([UInt8(truncatingIfNeeded: number)])
    case .json: .map(["a": .string(text)])
    case .timestamp:
      switch form {
      case .iso, .any: .string("2026-01-0\(number)T00:00:00Z")
      case .seconds: .number(Number(1_767_225_600 + number))
      case .milliseconds: .number(Number(1_767_225_600_000 + number))
      }
    }
  }
}

extension ValueExpression {
  /// The attributes that it reads with the types that they have to have; not those of values that cannot be made up.
  fileprivate var leaves: [(path: DocumentPath, type: ValueType, form: ValueForm)] {
    switch self {
    case .attribute(let path, let type, let form): [(path, type, form)]
    case .lower(let inner), .upper(let inner), .length(let inner), .calendar(_, let inner), .image(_, let inner): inner.leaves
    case .concat(let parts), .coalesce(let parts): parts.flatMap(\.leaves)
    case .arithmetic(_, let left, let right, _): left.leaves + right.leaves
    case .moved(let inner, _): inner.leaves
    default: []
    }
  }
}

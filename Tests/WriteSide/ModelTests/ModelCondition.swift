/// A condition as a tree, evaluated plainly.
indirect enum ModelCondition {
  case all([ModelCondition])
  case any([ModelCondition])
  case not(ModelCondition)
  case compare(String, ModelOperand, ModelOperand)
  case between(ModelOperand, ModelValue, ModelValue)
  case isIn(ModelOperand, [ModelValue])
  case exists(ModelPath)
  case missing(ModelPath)
  case type(ModelPath, String)
  case begins(ModelPath, ModelValue)
  case contains(ModelPath, ModelValue)

  func holds(_ item: ModelItem) -> Bool {
    switch self {
    case .all(let parts): return parts.allSatisfy { $0.holds(item) }
    case .any(let parts): return parts.contains { $0.holds(item) }
    case .not(let part): return !part.holds(item)
    case .compare(let sign, let left, let right):
      guard let a = left.value(item), let b = right.value(item) else { return sign == "<>" }
      if sign == "=" { return a == b }
      if sign == "<>" { return a != b }
      guard let order = modelOrder(a, b) else { return false }
      return switch sign {
      case "<": order < 0
      case "<=": order <= 0
      case ">": order > 0
      default: order >= 0
      }
    case .between(let operand, let low, let high):
      guard let value = operand.value(item), let above = modelOrder(value, low), let below = modelOrder(value, high) else {
        return false
      }
      return above >= 0 && below <= 0
    case .isIn(let operand, let values):
      guard let value = operand.value(item) else { return false }
      return values.contains(value)
    case .exists(let path): return path.value(item) != nil
    case .missing(let path): return path.value(item) == nil
    case .type(let path, let type): return path.value(item)?.type == type
    case .begins(let path, let prefix):
      switch (path.value(item), prefix) {
      case (.text(let a)?, .text(let b)): return a.bytes.starts(with: b.bytes)
      case (.bytes(let a)?, .bytes(let b)): return a.starts(with: b)
      default: return false
      }
    case .contains(let path, let part):
      switch (path.value(item), part) {
      case (.text(let a)?, .text(let b)): return contains(a.bytes, b.bytes)
      case (.bytes(let a)?, .bytes(let b)): return contains(a, b)
      case (.texts(let set)?, .text(let text)): return set.contains(text)
      case (.numbers(let set)?, .number(let number)): return set.contains(number)
      case (.list(let list)?, _): return list.contains(part)
      default: return false
      }
    }
  }

  private func contains(_ whole: [UInt8], _ part: [UInt8]) -> Bool {
    if part.isEmpty { return true }
    guard whole.count >= part.count else { return false }
    return (0...(whole.count - part.count)).contains { Array(whole[$0..<($0 + part.count)]) == part }
  }

  func text(_ writer: inout ModelText) -> String {
    switch self {
    case .all(let parts): parts.map { "(\($0.text(&writer)))" }.joined(separator: " AND ")
    case .any(let parts): parts.map { "(\($0.text(&writer)))" }.joined(separator: " OR ")
    case .not(let part): "NOT (\(part.text(&writer)))"
    case .compare(let sign, let left, let right): "\(left.text(&writer)) \(sign) \(right.text(&writer))"
    case .between(let operand, let low, let high):
      "\(operand.text(&writer)) BETWEEN \(writer.value(low)) AND \(writer.value(high))"
    case .isIn(let operand, let values):
      "\(operand.text(&writer)) IN (\(values.map { writer.value($0) }.joined(separator: ", ")))"
    case .exists(let path): "attribute_exists(\(writer.path(path)))"
    case .missing(let path): "attribute_not_exists(\(writer.path(path)))"
    case .type(let path, let type): "attribute_type(\(writer.path(path)), \(writer.value(.text(PlainText(type)))))"
    case .begins(let path, let prefix): "begins_with(\(writer.path(path)), \(writer.value(prefix)))"
    case .contains(let path, let part): "contains(\(writer.path(path)), \(writer.value(part)))"
    }
  }
}

enum ModelOperand {
  case path(ModelPath)
  case value(ModelValue)
  case size(ModelPath)

  func value(_ item: ModelItem) -> ModelValue? {
    switch self {
    case .path(let path): return path.value(item)
    case .value(let value): return value
    case .size(let path):
      switch path.value(item) {
      case .text(let text)?: return .number(String(decoding: text.bytes, as: UTF8.self).utf16.count * 1000)
      case .bytes(let bytes)?: return .number(bytes.count * 1000)
      case .list(let list)?: return .number(list.count * 1000)
      case .map(let map)?: return .number(map.count * 1000)
      case .texts(let set)?: return .number(set.count * 1000)
      case .numbers(let set)?: return .number(set.count * 1000)
      default: return nil
      }
    }
  }

  func text(_ writer: inout ModelText) -> String {
    switch self {
    case .path(let path): writer.path(path)
    case .value(let value): writer.value(value)
    case .size(let path): "size(\(writer.path(path)))"
    }
  }
}

/// The placeholders of an expression as it is written.
struct ModelText {
  var names: [String: String] = [:]
  var values: [ModelValue] = []

  mutating func path(_ path: ModelPath) -> String { path.text(&names) }

  mutating func value(_ value: ModelValue) -> String {
    values.append(value)
    return ":v\(values.count - 1)"
  }
}

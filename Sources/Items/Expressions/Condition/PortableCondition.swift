package import DynamoModel

/// A condition of a pipeline file as a request to any DynamoDB server carries it: names and literals moved out into placeholders.
///
/// `state = 'open' AND version < :next` becomes `#n0 = :l0 AND #n1 < :next`. What stands as `:name` in the file is for the caller to give a value.
package struct PortableCondition: Sendable {
  /// In DynamoDB's grammar.
  package let text: String
  package let names: [(placeholder: String, name: String)]
  /// The values of the literals, by placeholder.
  package let literals: [(placeholder: String, value: AttributeValue)]
  /// What the file wrote as `:name`, without the colon, each once, in the order of the text.
  package let values: [String]

  /// Reads a condition in the grammar of pipeline files, in which `:name` stands for a value too, of whatever type. Errors carry the byte offset.
  package init(pipeline source: String) throws(ExpressionError) {
    var parser = try Parser(source, .pipeline, takesValues: true)
    let syntax = try parser.wholeCondition()
    var checker = SyntaxChecker(checksReserved: false)
    try checker.check(syntax)
    var printer = ConditionPrinter()
    let printed = printer.text(syntax)
    var samples = AttributeMap()
    for value in printer.values { samples[":\(value)"] = .string(value) }
    var resolver = Resolver(Placeholders(values: samples))
    _ = try resolver.condition(syntax.withValuesOfAnyType)
    text = printed
    names = printer.names
    literals = printer.literals
    values = printer.values
  }

  /// A condition in DynamoDB's grammar, ready to be asked of an item: as a server asks it.
  package static func evaluator(
    _ text: String, names: [(placeholder: String, name: String)], values: AttributeMap
  ) throws(DynamoError) -> ConditionExpression {
    var placeholders = Placeholders(names: names, values: values)
    return try ParsedCondition(text).resolved(&placeholders)
  }
}

extension ConditionSyntax {
  /// With a path, of which nobody knows the type, in the place of each value: but where a path would be right and a value is not.
  fileprivate var withValuesOfAnyType: ConditionSyntax {
    switch self {
    case .or(let parts): .or(parts.map(\.withValuesOfAnyType))
    case .and(let parts): .and(parts.map(\.withValuesOfAnyType))
    case .not(let part): .not(part.withValuesOfAnyType)
    case .comparison(let comparator, let left, let right, let offset):
      .comparison(comparator, left.ofAnyType, right.ofAnyType, offset: offset)
    case .between(let value, let low, let high, let offset):
      .between(value.ofAnyType, low.ofAnyType, high.ofAnyType, offset: offset)
    case .isIn(let value, let list, let offset): .isIn(value.ofAnyType, list.map(\.ofAnyType), offset: offset)
    case .function(let function):
      function.name.hasPrefix("attribute_")
        ? self
        : .function(
          FunctionSyntax(name: function.name, arguments: function.arguments.map(\.ofAnyType), offset: function.offset))
    }
  }
}

extension OperandSyntax {
  fileprivate var ofAnyType: OperandSyntax {
    switch self {
    case .placeholder(let placeholder, let offset): .path(PathSyntax(elements: [.name(placeholder)], offset: offset))
    case .function(let function):
      .function(FunctionSyntax(name: function.name, arguments: function.arguments.map(\.ofAnyType), offset: function.offset))
    case .path, .literal, .arithmetic: self
    }
  }
}

/// Writes a condition as it was read, with placeholders for names and literals.
private struct ConditionPrinter {
  var names: [(placeholder: String, name: String)] = []
  var literals: [(placeholder: String, value: AttributeValue)] = []
  var values: [String] = []

  mutating func text(_ condition: ConditionSyntax) -> String {
    switch condition {
    case .or(let parts): return joined(parts, "OR")
    case .and(let parts): return joined(parts, "AND")
    case .not(let part): return "NOT \(grouped(part))"
    case .comparison(let comparator, let left, let right, _):
      let (left, right) = (text(left), text(right))
      return "\(left) \(comparator.rawValue) \(right)"
    case .between(let value, let low, let high, _):
      let (value, low, high) = (text(value), text(low), text(high))
      return "\(value) BETWEEN \(low) AND \(high)"
    case .isIn(let value, let list, _):
      let value = text(value)
      return "\(value) IN (\(joined(list)))"
    case .function(let function): return "\(function.name)(\(joined(function.arguments)))"
    }
  }

  private mutating func joined(_ parts: [ConditionSyntax], _ word: String) -> String {
    var texts: [String] = []
    for part in parts { texts.append(grouped(part)) }
    return texts.joined(separator: " \(word) ")
  }

  private mutating func joined(_ operands: [OperandSyntax]) -> String {
    var texts: [String] = []
    for operand in operands { texts.append(text(operand)) }
    return texts.joined(separator: ", ")
  }

  /// In parentheses where the condition has parts of its own: OR binds weakest.
  private mutating func grouped(_ part: ConditionSyntax) -> String {
    switch part {
    case .or, .and: "(\(text(part)))"
    default: text(part)
    }
  }

  private mutating func text(_ operand: OperandSyntax) -> String {
    switch operand {
    case .path(let path): return text(path)
    case .placeholder(let placeholder, _):
      let name = String(placeholder.dropFirst())
      if !values.contains(where: { Text.equal($0, name) }) { values.append(name) }
      return placeholder
    case .literal(let value, _):
      // `:0` begins no name of a field.
      literals.append((":0l\(literals.count)", value))
      return ":0l\(literals.count - 1)"
    case .function(let function): return "\(function.name)(\(joined(function.arguments)))"
    case .arithmetic(let sign, let left, let right, _):
      let (left, right) = (text(left), text(right))
      return "\(left) \(sign) \(right)"
    }
  }

  private mutating func text(_ path: PathSyntax) -> String {
    var text = ""
    for element in path.elements {
      switch element {
      case .name(let name):
        let known = names.first { Text.equal($0.name, name) }?.placeholder
        let placeholder = known ?? "#n\(names.count)"
        if known == nil { names.append((placeholder, name)) }
        text += text.isEmpty ? placeholder : ".\(placeholder)"
      case .placeholder(let placeholder): text += text.isEmpty ? placeholder : ".\(placeholder)"
      case .index(let index): text += "[\(index)]"
      }
    }
    return text
  }
}

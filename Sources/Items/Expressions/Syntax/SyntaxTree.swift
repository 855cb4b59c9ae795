internal import DynamoModel

/// A path as written.
struct PathSyntax: Sendable {
  enum Element: Sendable {
    case name(String)
    case placeholder(String)
    case index(Int)
  }

  var elements: [Element]
  let offset: Int
}

/// A function call as written.
struct FunctionSyntax: Sendable {
  let name: String
  let arguments: [OperandSyntax]
  let offset: Int
}

/// An operand of a comparison or a function, or the right side of SET.
indirect enum OperandSyntax: Sendable {
  case path(PathSyntax)
  case placeholder(String, offset: Int)
  case literal(AttributeValue, offset: Int)
  case function(FunctionSyntax)
  /// `+` or `-`, in update expressions only.
  case arithmetic(String, OperandSyntax, OperandSyntax, offset: Int)

  var offset: Int {
    switch self {
    case .path(let path): path.offset
    case .placeholder(_, let offset), .literal(_, let offset), .arithmetic(_, _, _, let offset): offset
    case .function(let function): function.offset
    }
  }
}

enum Comparator: String, Sendable {
  case equal = "="
  case notEqual = "<>"
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="

  /// The comparator with its sides exchanged.
  var flipped: Comparator {
    switch self {
    case .equal, .notEqual: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }
}

/// A condition as written.
indirect enum ConditionSyntax: Sendable {
  case or([ConditionSyntax])
  case and([ConditionSyntax])
  case not(ConditionSyntax)
  case comparison(Comparator, OperandSyntax, OperandSyntax, offset: Int)
  case between(OperandSyntax, OperandSyntax, OperandSyntax, offset: Int)
  case isIn(OperandSyntax, [OperandSyntax], offset: Int)
  case function(FunctionSyntax)
}

/// One action of an update expression as written.
struct UpdateActionSyntax: Sendable {
  enum Section: String, Sendable, CaseIterable {
    case set = "SET"
    case remove = "REMOVE"
    case add = "ADD"
    case delete = "DELETE"
  }

  let section: Section
  let path: PathSyntax
  /// Nil for REMOVE.
  let value: OperandSyntax?
}

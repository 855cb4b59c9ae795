/// A function or initializer as its declaration has it, read from source text: enough of Swift's grammar for the rules of the house.
///
/// Parameter lists may go over lines and hold closures, tuples, generics, attributes, strings and comments.
struct FunctionDeclaration {
  struct Parameter: Equatable {
    /// Nil for `_`.
    let label: String?
    let name: String
  }

  /// Counts from 1.
  let line: Int
  /// `init` for an initializer.
  let name: String
  let parameters: [Parameter]
  /// With the access `package`, or a requirement of a `package` protocol.
  let isPackage: Bool
  /// A requirement of a protocol.
  let isRequirement: Bool
  let hasDocComment: Bool
  /// An initializer that stores each parameter in the property of its name.
  let isMemberwise: Bool

  /// The name with its labels, as in `read(_:to:)`.
  var signature: String { "\(name)(\(parameters.map { "\($0.label ?? "_"):" }.joined()))" }
  var unlabelled: Int { parameters.count { $0.label == nil } }
  var isOperator: Bool { !(name.first.map { $0.isLetter || $0 == "_" } ?? false) }

  /// All that a file declares, in order.
  static func all(in file: SourceTree.File) -> [FunctionDeclaration] {
    let lines = file.lines
    return lines.indices.compactMap { declaration(lines, $0) }
  }

  private static let modifiers: Set<Substring> = [
    "package", "private", "fileprivate", "internal", "public", "static", "class", "final", "override", "mutating", "nonmutating",
    "nonisolated", "isolated", "borrowing", "consuming", "convenience", "required", "indirect", "async", "private(set)",
  ]

  private static func declaration(_ lines: [Substring], _ index: Int) -> FunctionDeclaration? {
    var rest = lines[index].drop { $0 == " " }
    let indent = lines[index].count - rest.count
    var isPackage = false
    while let word = rest.split(separator: " ", maxSplits: 1).first, modifiers.contains(word) || word.hasPrefix("@") {
      if word == "package" { isPackage = true }
      rest = rest.dropFirst(word.count).drop { $0 == " " }
    }
    let name: Substring
    if rest.hasPrefix("func ") {
      rest = rest.dropFirst(5)
      // An operator may begin with `<`: its generic parameters come after a first character.
      name = rest.prefix(1) + rest.dropFirst().prefix { $0 != "(" && $0 != "<" }
    } else if rest.hasPrefix("init"), rest.dropFirst(4).first.map({ "(<?!".contains($0) }) ?? false {
      name = "init"
    } else {
      return nil
    }
    var text = Scanner(text: ([rest.dropFirst(name.count)] + lines[(index + 1)...]).joined(separator: "\n"))
    guard let list = text.parameterList() else { return nil }
    let parameters = list.map(parameter)
    let owner = lines[..<index].last { line in !line.isEmpty && line.prefix { $0 == " " }.count < indent && line.hasSuffix("{") }
    let isRequirement = owner?.contains("protocol ") ?? false
    var above = index - 1
    while above >= 0, lines[above].drop(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
    let body = lines[index...].dropFirst().prefix { !$0.isEmpty && !$0.hasPrefix(String(repeating: " ", count: indent) + "}") }
    return FunctionDeclaration(
      line: index + 1, name: String(name.filter { $0 != "`" }), parameters: parameters,
      isPackage: isPackage || isRequirement && (owner?.hasPrefix("package ") ?? false), isRequirement: isRequirement,
      hasDocComment: above >= 0 && lines[above].drop { $0 == " " }.hasPrefix("///"),
      isMemberwise: name == "init" && parameters.allSatisfy { stores($0.name, body) && declares($0.name, lines, indent) })
  }

  private static func parameter(_ text: String) -> Parameter {
    let words = text.prefix { $0 != ":" }.split { $0 == " " || $0 == "\n" }.filter { !$0.hasPrefix("@") }.map {
      $0.filter { $0 != "`" }
    }
    return Parameter(label: words.first == "_" ? nil : words.first, name: words.last ?? "")
  }

  private static func stores(_ name: String, _ body: ArraySlice<Substring>) -> Bool {
    body.contains { line in
      let statement = line.drop { $0 == " " }.filter { $0 != "`" }
      return statement.hasPrefix("self.\(name) = ")
    }
  }

  private static func declares(_ name: String, _ lines: [Substring], _ indent: Int) -> Bool {
    lines.contains { line in
      guard line.prefix(while: { $0 == " " }).count == indent else { return false }
      let words = line.split(separator: " ", maxSplits: 6).map { $0.filter { $0 != "`" && $0 != ":" } }
      guard let place = words.firstIndex(where: { $0 == "let" || $0 == "var" }), place + 1 < words.count else { return false }
      return words[place + 1] == name
    }
  }

  /// Reads what stands between brackets, with an eye on strings, comments and arrows.
  private struct Scanner {
    let text: String

    /// The parameters' texts; nil when no parameter list follows the name. Generic parameters before it are passed over.
    mutating func parameterList() -> [String]? {
      var (depth, angles, isString, isComment) = (0, 0, false, false)
      var parameters: [String] = []
      var current = ""
      var previous: Character = " "
      for character in text {
        defer { previous = character }
        if isComment {
          if character == "\n" { isComment = false }
          continue
        }
        if isString {
          if character == "\"", previous != "\\" { isString = false }
          current.append(character)
          continue
        }
        switch character {
        case "\"": isString = true
        case "/" where previous == "/":
          isComment = true
          if !current.isEmpty { current.removeLast() }
          continue
        case "<": angles += 1
        case ">" where previous != "-": angles -= 1
        case "(" where depth == 0 && angles == 0:
          depth = 1
          current = ""
          continue
        case "(", "[", "{": depth += 1
        case ")", "]", "}":
          depth -= 1
          if depth == 0, angles == 0 {
            if current.contains(where: { $0 != " " && $0 != "\n" }) { parameters.append(current) }
            return parameters
          }
        case "," where depth == 1 && angles == 0:
          parameters.append(current)
          current = ""
          continue
        default:
          if depth == 0, angles == 0, character != "?", character != "!", character != " " { return nil }
        }
        current.append(character)
      }
      return nil
    }
  }
}

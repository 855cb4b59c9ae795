internal import Arguments
internal import DynamoModel

/// How a row of a file becomes an item: a template for each attribute, over the row's columns.
///
/// `PK=User:{nick}`, `SK={time}#{line:06}`, `Score:N={score}`. `{line}` is the line's number in the file, from 1; `{line:06}` pads it with
/// zeros. `{{` and `}}` are braces. A number, bytes or a boolean of an empty column is left out; an
/// empty string is kept.
struct ImportMapping: Sendable {
  enum Part: Sendable {
    case text(String)
    case column(Int)
    case line(width: Int)
  }

  struct Attribute: Sendable {
    let name: String
    let type: String
    let parts: [Part]
  }

  let attributes: [Attribute]

  static let types = ["S", "N", "B", "BOOL"]

  init(_ texts: [String], columns: [String], command: String) throws(UsageError) {
    var attributes: [Attribute] = []
    for text in texts {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw UsageError("--set takes NAME=TEMPLATE, as PK=User:{nick}, not `\(text)`", command: command)
      }
      var name = String(text[..<equals])
      var type = "S"
      if let colon = name.lastIndex(of: ":"), ImportMapping.types.contains(String(name[name.index(after: colon)...])) {
        type = String(name[name.index(after: colon)...])
        name = String(name[..<colon])
      }
      let template = String(text[text.index(after: equals)...])
      attributes.append(Attribute(name: name, type: type, parts: try ImportMapping.parts(template, columns, command)))
    }
    self.attributes = attributes
  }

  private static func parts(_ template: String, _ columns: [String], _ command: String) throws(UsageError) -> [Part] {
    var parts: [Part] = []
    var literal = ""
    var rest = Substring(template)
    while let character = rest.popFirst() {
      if (character == "{" || character == "}") && rest.first == character {
        literal.append(character)
        rest.removeFirst()
      } else if character == "{" {
        guard let close = rest.firstIndex(of: "}") else {
          throw UsageError("`{` without `}` in the template `\(template)`", command: command)
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        literal = ""
        parts.append(try part(String(rest[..<close]), of: template, columns, command: command))
        rest = rest[rest.index(after: close)...]
      } else {
        literal.append(character)
      }
    }
    if !literal.isEmpty { parts.append(.text(literal)) }
    return parts
  }

  private static func part(
    _ name: String, of template: String, _ columns: [String], command: String
  ) throws(UsageError) -> Part {
    if let column = columns.firstIndex(of: name) { return .column(column) }
    if name == "line" { return .line(width: 0) }
    if name.hasPrefix("line:0"), let width = Int(name.dropFirst(5)), (1...18).contains(width) { return .line(width: width) }
    throw UsageError(
      "`{\(name)}` in the template `\(template)` is not a column; there are: \((columns + ["line"]).joined(separator: ", "))",
      command: command)
  }

  /// The item of a row. Throws when a value is not of its attribute's type.
  func item(_ row: [String], line: Int) throws(ImportError) -> Item {
    var item = Item()
    for attribute in attributes {
      var text = ""
      for part in attribute.parts {
        switch part {
        case .text(let literal): text += literal
        case .column(let index): text += index < row.count ? row[index] : ""
        case .line(let width):
          let digits = String(line)
          text += String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
      }
      if text.isEmpty, attribute.type != "S" { continue }
      item[attribute.name] = try ImportMapping.value(text, name: attribute.name, type: attribute.type)
    }
    return item
  }

  /// The text as a value of the type.
  static func value(_ text: String, name: String, type: String) throws(ImportError) -> AttributeValue {
    switch type {
    case "N":
      guard let number = try? Number(text) else { throw ImportError("\(name): `\(text)` is not a number") }
      return .number(number)
    case "B":
      guard let bytes = Base64.decode(Array(text.utf8)) else { throw ImportError("\(name): the text is not base64") }
      return .binary(bytes)
    case "BOOL":
      guard text == "true" || text == "false" else { throw ImportError("\(name): `\(text)` is neither true nor false") }
      return .bool(text == "true")
    default: return .string(text)
    }
  }
}

/// Why a row cannot be imported.
struct ImportError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

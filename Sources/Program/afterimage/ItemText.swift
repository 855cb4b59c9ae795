internal import Arguments
internal import DynamoModel

/// Items as people write and read them on a terminal.
enum ItemText {
  /// Control characters, which a terminal would obey, as escapes.
  static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.value < 32 || (127..<160).contains($0.value) }) else { return text }
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.value < 32 || (127..<160).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// A value for a table's cell: a string without quotes.
  static func cell(_ value: AttributeValue) -> String {
    if case .string(let text) = value { return escaped(text) }
    return inline(value)
  }

  /// A value within a line: a string in quotes, so that it is seen where it ends.
  static func inline(_ value: AttributeValue) -> String {
    switch value {
    case .string(let text): "\"" + escaped(text).replacing("\"", with: "\\\"") + "\""
    case .number(let number): number.description
    case .binary(let bytes): "<\(bytes.count) bytes>"
    case .bool(let flag): flag ? "true" : "false"
    case .null: "null"
    case .list(let values): "[" + values.map(inline).joined(separator: ", ") + "]"
    case .map(let map): "{" + map.entries.map { "\(escaped($0.name)): \(inline($0.value))" }.joined(separator: ", ") + "}"
    case .stringSet(let texts): "{" + texts.map { inline(.string($0)) }.joined(separator: ", ") + "}"
    case .numberSet(let numbers): "{" + numbers.map(\.description).joined(separator: ", ") + "}"
    case .binarySet(let all): "{" + all.map { inline(.binary($0)) }.joined(separator: ", ") + "}"
    }
  }

  /// `text` cut to a length, with a mark where it was cut.
  static func cut(_ text: String, _ count: Int) -> String {
    text.count <= count ? text : String(text.prefix(count - 1)) + "…"
  }

  /// An item of words `NAME=VALUE` or `NAME:TYPE=VALUE`; `types` are those of attributes that have one without saying it.
  static func item(
    _ words: [String], types: [(name: String, type: String)], command: String
  ) throws(UsageError) -> Item {
    var item = Item()
    for word in words {
      guard let equals = word.firstIndex(of: "="), equals != word.startIndex else {
        throw UsageError("an attribute is NAME=VALUE, or NAME:N=5 with its type, not `\(word)`", command: command)
      }
      var name = String(word[..<equals])
      let text = String(word[word.index(after: equals)...])
      var type = types.first { Text.equal($0.name, name) }?.type ?? "S"
      if let colon = name.lastIndex(of: ":"), ImportMapping.types.contains(String(name[name.index(after: colon)...])) {
        type = String(name[name.index(after: colon)...])
        name = String(name[..<colon])
      }
      do throws(ImportError) {
        item[name] = try ImportMapping.value(text, name: name, type: type)
      } catch {
        throw UsageError(error.description, command: command)
      }
    }
    return item
  }

  /// The key of words `NAME=VALUE`, which must be the table's key attributes and no others.
  static func key(
    _ words: [String], _ keys: [(name: String, type: String)], command: String
  ) throws(UsageError) -> Item {
    let example = keys.map { "\($0.name)=…" }.joined(separator: " ")
    let key = try item(words, types: keys, command: command)
    guard key.count == keys.count, keys.allSatisfy({ key[$0.name] != nil }) else {
      throw UsageError("the key of this table is given as: \(example)", command: command)
    }
    return key
  }

  static func json(_ item: Item) -> String {
    var writer = JSONWriter()
    writer.item(item)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

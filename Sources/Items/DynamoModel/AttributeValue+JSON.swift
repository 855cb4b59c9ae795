/// DynamoDB JSON: `{"S": "text"}`, `{"N": "1.5"}`, `{"M": {...}}`.
extension AttributeValue {
  /// Reads the value at a node. Errors carry the code and text that DynamoDB answers with.
  package init(json tape: JSONTape, _ node: Int) throws(DynamoError) {
    let result: Result<AttributeValue, DynamoError> = tape.bytes.withUnsafeBytes { source in
      do throws(DynamoError) {
        return .success(try AttributeValue(json: tape, node, in: source, depth: 0))
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }

  /// The same from a tape over bytes that the caller holds. `depth`: of the lists and maps around it.
  package init(json tape: JSONTape, _ node: Int, in source: UnsafeRawBufferPointer, depth: Int) throws(DynamoError) {
    guard depth < AttributeValue.depthMax else { throw .nestingTooDeep }
    guard tape.kind(node) != .null else { throw AttributeValue.empty }
    guard tape.kind(node) == .object else { throw .unexpectedJSON(tape, node, in: source, wanted: .structure) }
    let end = Int(tape.nodes[node].next)
    var found: AttributeValue?
    var count = 0
    var name = node + 1
    // A type that is null counts as absent, and so does a name that is not a type. What is wrong with a value is reported
    // before that there is more than one.
    while name < end {
      let value = name + 1
      if tape.kind(value) != .null, let typed = try AttributeValue(tape, name, value, in: source, depth: depth) {
        count += 1
        found = typed
      }
      name = Int(tape.nodes[value].next)
    }
    guard let found else { throw AttributeValue.empty }
    guard count == 1 else {
      throw .validation(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
    }
    self = found
  }

  /// The value of the type that `name` names; nil when it names none.
  private init?(
    _ tape: JSONTape, _ name: Int, _ value: Int, in source: UnsafeRawBufferPointer, depth: Int
  ) throws(DynamoError) {
    let start = Int(tape.nodes[name].start)
    let length = Int(tape.nodes[name].end) - start
    let first = length > 0 ? source[start] : 0
    let second = length > 1 ? source[start + 1] : 0
    switch (length, first, second) {
    case (1, UInt8(ascii: "S"), _): self = .string(try AttributeValue.text(tape, value, source))
    case (1, UInt8(ascii: "N"), _): self = .number(try AttributeValue.number(tape, value, source))
    case (1, UInt8(ascii: "B"), _): self = .binary(try AttributeValue.bytes(tape, value, source))
    case (1, UInt8(ascii: "L"), _): self = .list(try AttributeValue.list(tape, value, source, depth: depth + 1))
    case (1, UInt8(ascii: "M"), _): self = .map(try AttributeMap(json: tape, value, in: source, depth: depth + 1))
    case (2, UInt8(ascii: "S"), UInt8(ascii: "S")): self = .stringSet(try AttributeValue.stringSet(tape, value, source))
    case (2, UInt8(ascii: "N"), UInt8(ascii: "S")): self = .numberSet(try AttributeValue.numberSet(tape, value, source))
    case (2, UInt8(ascii: "B"), UInt8(ascii: "S")): self = .binarySet(try AttributeValue.binarySet(tape, value, source))
    default:
      switch tape.string(name, in: source) {
      case "BOOL":
        guard let bool = tape.bool(value) else { throw .unexpectedJSON(tape, value, in: source, wanted: .boolean) }
        self = .bool(bool)
      case "NULL":
        guard let bool = tape.bool(value) else { throw .unexpectedJSON(tape, value, in: source, wanted: .boolean) }
        guard bool else {
          throw .validation("One or more parameter values were invalid: Null attribute value types must have the value of true")
        }
        self = .null
      default: return nil
      }
    }
  }

  private static let empty = DynamoError.validation(
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")

  private static func text(
    _ tape: JSONTape, _ node: Int, _ source: UnsafeRawBufferPointer
  ) throws(DynamoError) -> String {
    guard tape.isString(node) else { throw .unexpectedJSON(tape, node, in: source, wanted: .string) }
    return tape.string(node, in: source)
  }

  private static func number(
    _ tape: JSONTape, _ node: Int, _ source: UnsafeRawBufferPointer
  ) throws(DynamoError) -> Number {
    guard tape.isString(node) else { throw .unexpectedJSON(tape, node, in: source, wanted: .string) }
    do throws(NumberError) {
      if tape.kind(node) == .escapedString { return try Number(tape.string(node, in: source)) }
      let range = Int(tape.nodes[node].start)..<Int(tape.nodes[node].end)
      return try Number(utf8: UnsafeRawBufferPointer(rebasing: source[range]))
    } catch {
      throw .content(error.message)
    }
  }

  private static func bytes(
    _ tape: JSONTape, _ node: Int, _ source: UnsafeRawBufferPointer
  ) throws(DynamoError) -> [UInt8] {
    guard tape.isString(node) else { throw .unexpectedJSON(tape, node, in: source, wanted: .blob) }
    return try bytes(base64: tape.string(node, in: source))
  }

  private static func list(
    _ tape: JSONTape, _ node: Int, _ source: UnsafeRawBufferPointer, depth: Int
  ) throws(DynamoError) -> [AttributeValue] {
    guard tape.kind(node) == .array else { throw .unexpectedJSON(tape, node, in: source, wanted: .list) }
    var values: [AttributeValue] = []
    try tape.forEachElement(node) { (element) throws(DynamoError) in
      values.append(try AttributeValue(json: tape, element, in: source, depth: depth))
    }
    return values
  }

  private static func elements<Element>(
    _ tape: JSONTape, _ node: Int, _ source: UnsafeRawBufferPointer, empty: StaticString,
    read: (JSONTape, Int, UnsafeRawBufferPointer) throws(DynamoError) -> Element
  ) throws(DynamoError) -> [Element] {
    guard tape.kind(node) == .array else { throw .unexpectedJSON(tape, node, in: source, wanted: .list) }
    var values: [Element] = []
    try tape.forEachElement(node) { (element) throws(DynamoError) in values.append(try read(tape, element, source)) }
    guard !values.isEmpty else { throw .emptySet(empty) }
    return values
  }

  private static func stringSet(
    _ tape: JSONTape, _ node: Int, _ source: UnsafeRawBufferPointer
  ) throws(DynamoError) -> [String] {
    let given = try elements(tape, node, source, empty: "An string set  may not be empty", read: text)
    let sorted = given.sorted(by: Text.less)
    for index in 1..<max(1, sorted.count) where Text.equal(sorted[index - 1], sorted[index]) {
      throw .duplicates(given.map { "\"\($0)\"" }, ending: " contains duplicates.")
    }
    return sorted
  }

  private static func numberSet(
    _ tape: JSONTape, _ node: Int, _ source: UnsafeRawBufferPointer
  ) throws(DynamoError) -> [Number] {
    let given = try elements(tape, node, source, empty: "An number set  may not be empty", read: number)
    let sorted = given.sorted()
    for index in 1..<max(1, sorted.count) where sorted[index - 1] == sorted[index] {
      throw .content("Input collection contains duplicates")
    }
    return sorted
  }

  private static func binarySet(
    _ tape: JSONTape, _ node: Int, _ source: UnsafeRawBufferPointer
  ) throws(DynamoError) -> [[UInt8]] {
    let given = try elements(tape, node, source, empty: "Binary sets should not be empty", read: bytes)
    let sorted = given.sorted(by: Bytes.less)
    for index in 1..<max(1, sorted.count) where sorted[index - 1] == sorted[index] {
      throw .duplicates(given.map { Base64.encode($0) }, ending: "of type BS contains duplicates.")
    }
    return sorted
  }
}

extension AttributeMap {
  /// Reads an object of names and attribute values.
  package init(json tape: JSONTape, _ node: Int) throws(DynamoError) {
    let result: Result<AttributeMap, DynamoError> = tape.bytes.withUnsafeBytes { source in
      do throws(DynamoError) {
        return .success(try AttributeMap(json: tape, node, in: source, depth: 0))
      } catch {
        return .failure(error == .nestingTooDeep ? AttributeValue.wrongName(tape, node) ?? error : error)
      }
    }
    self = try result.get()
  }

  /// The same from a tape over bytes that the caller holds. `depth`: of the lists and maps around it.
  package init(json tape: JSONTape, _ node: Int, in source: UnsafeRawBufferPointer, depth: Int) throws(DynamoError) {
    guard tape.kind(node) == .object else { throw .unexpectedJSON(tape, node, in: source, wanted: .map) }
    var entries: [Entry] = []
    try tape.forEachMember(node) { (name, value) throws(DynamoError) in
      let name = tape.string(name, in: source)
      try AttributeMap.check(name: name)
      entries.append(Entry(name: name, value: try AttributeValue(json: tape, value, in: source, depth: depth)))
    }
    self.init(entries)
  }

  /// Reads only the named members; the others are skipped without being decoded.
  package init(
    json tape: JSONTape, _ node: Int, in source: UnsafeRawBufferPointer, only wanted: AttributeNames
  ) throws(DynamoError) {
    guard tape.kind(node) == .object else { throw .unexpectedJSON(tape, node, in: source, wanted: .map) }
    var entries: [Entry] = []
    entries.reserveCapacity(wanted.count)
    try tape.forEachMember(node) { (name, value) throws(DynamoError) in
      let wantedName: String?
      if tape.kind(name) == .escapedString {
        wantedName = wanted.name(utf8: Array(tape.string(name, in: source).utf8))
      } else {
        let range = Int(tape.nodes[name].start)..<Int(tape.nodes[name].end)
        wantedName = wanted.name(UnsafeRawBufferPointer(rebasing: source[range]))
      }
      if let wantedName {
        entries.append(
          Entry(name: wantedName, value: try AttributeValue(json: tape, value, in: source, depth: AttributeValue.recordDepth)))
      }
    }
    self.init(entries)
  }
}

extension JSONWriter {
  /// Writes a value as DynamoDB JSON.
  package mutating func attribute(_ value: AttributeValue) {
    beginObject()
    switch value {
    case .string(let text): member("S", text)
    case .number(let number):
      name("N")
      quoted(number)
    case .binary(let bytes):
      name("B")
      base64(bytes)
    case .bool(let flag): member("BOOL", flag)
    case .null: member("NULL", true)
    case .list(let values):
      name("L")
      array(values) { $0.attribute($1) }
    case .map(let map):
      name("M")
      item(map)
    case .stringSet(let texts):
      name("SS")
      array(texts) { $0.string($1) }
    case .numberSet(let numbers):
      name("NS")
      array(numbers) { $0.quoted($1) }
    case .binarySet(let blobs):
      name("BS")
      array(blobs) { $0.base64($1) }
    }
    endObject()
  }

  /// Writes an object of names and attribute values, in the map's order.
  package mutating func item(_ map: AttributeMap) {
    beginObject()
    for entry in map.entries {
      name(text: entry.name)
      attribute(entry.value)
    }
    endObject()
  }

  /// Writes an array; `write` writes one value for each element.
  package mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
    beginArray()
    for element in elements { write(&self, element) }
    endArray()
  }

  mutating func quoted(_ number: Number) {
    raw(CollectionOfOne(UInt8(ascii: "\"")))
    number.appendText(to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  package mutating func base64(_ blob: some Collection<UInt8>) {
    raw(CollectionOfOne(UInt8(ascii: "\"")))
    Base64.append(blob, to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }
}

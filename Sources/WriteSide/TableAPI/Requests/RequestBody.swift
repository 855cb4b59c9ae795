internal import DynamoModel

/// A JSON object of a request, read member by member off the tape. A member that is null counts as absent; one of a wrong
/// type is a SerializationException. Unknown members are passed over, as DynamoDB does.
struct RequestBody {
  let tape: JSONTape
  let node: Int

  init(_ bytes: [UInt8]) throws(DynamoError) {
    do throws(JSONError) {
      tape = try JSONTape(bytes)
    } catch {
      throw .serialization("")
    }
    node = tape.root
    guard tape.kind(node) == .object else { throw .serialization("") }
  }

  /// An object without members.
  static var empty: RequestBody { get throws(DynamoError) { try RequestBody(Outcome.empty) } }

  init(_ tape: JSONTape, _ node: Int) throws(DynamoError) {
    guard tape.kind(node) == .object else { throw .unexpectedJSON(tape, node, wanted: .structure) }
    self.tape = tape
    self.node = node
  }

  /// The value's node; of members with one name the last.
  func member(_ name: StaticString) -> Int? {
    tape.bytes.withUnsafeBytes { source in
      let count = name.utf8CodeUnitCount
      let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: count)
      var found: Int?
      tape.forEachMember(node) { key, value in
        let start = Int(tape.nodes[key].start)
        guard Int(tape.nodes[key].end) - start == count,
          Bytes.compare(UnsafeRawBufferPointer(rebasing: source[start..<(start + count)]), wanted) == 0
        else { return }
        found = tape.kind(value) == .null ? nil : value
      }
      return found
    }
  }

  func has(_ name: StaticString) -> Bool { member(name) != nil }

  func string(_ name: StaticString) throws(DynamoError) -> String? {
    guard let node = member(name) else { return nil }
    return try string(at: node)
  }

  /// TableName: a table's name, or its ARN.
  func tableName() throws(DynamoError) -> String? { try string("TableName").map(RequestBody.tableName) }

  /// TableName of the operations that show, change and delete a table: that it is there, and its length, is looked at
  /// before all else.
  func tableNameFirst() throws(DynamoError) -> String {
    let name = try requiredTableName()
    guard (ModelBounds.tableName.min...ModelBounds.tableName.max).contains(name.utf16.count) else {
      throw .validation(
        "TableName must be at least \(ModelBounds.tableName.min) characters long and at most \(ModelBounds.tableName.max) "
          + "characters long")
    }
    return name
  }

  /// TableName of the operation that makes a table, whose other checks are made together with those of its length.
  func requiredTableName() throws(DynamoError) -> String {
    guard let name = try tableName() else {
      throw .validation("The parameter 'TableName' is required but was not present in the request")
    }
    return name
  }

  /// The name in a table's ARN, or the text itself.
  static func tableName(_ text: String) -> String {
    guard text.utf8.starts(with: "arn:".utf8) else { return text }
    let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
    guard parts.count == 6, parts[2] == "dynamodb", parts[5].utf8.starts(with: "table/".utf8) else { return text }
    return String(parts[5].dropFirst("table/".count))
  }

  func string(at node: Int) throws(DynamoError) -> String {
    guard tape.isString(node) else { throw .unexpectedJSON(tape, node, wanted: .string) }
    return tape.string(node)
  }

  func integer(_ name: StaticString) throws(DynamoError) -> Int? { try integer(name, as: .integer) }

  /// A number of the service model's type Long.
  func long(_ name: StaticString) throws(DynamoError) -> Int? { try integer(name, as: .long) }

  private func integer(_ name: StaticString, as type: DynamoError.ExpectedJSON) throws(DynamoError) -> Int? {
    guard let node = member(name) else { return nil }
    guard tape.kind(node) == .number else { throw .unexpectedJSON(tape, node, wanted: type) }
    let text = tape.text(node)
    if let whole = Int(text) { return whole }
    // As a cast in Java: towards zero, at the end of the range.
    let value = Double(text) ?? 0
    guard case .long = type else { return Int(max(-2_147_483_648, min(2_147_483_647, value))) }
    return Int(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
  }

  /// A time in seconds since 1970, perhaps with a fraction, as whole milliseconds.
  func milliseconds(_ name: StaticString) throws(DynamoError) -> Int64? {
    guard let node = member(name) else { return nil }
    guard tape.kind(node) == .number, let seconds = Double(tape.text(node)) else {
      throw .unexpectedJSON(tape, node, wanted: .timestamp)
    }
    return Int64(max(-9e15, min(9e15, (seconds * 1000).rounded())))
  }

  func bool(_ name: StaticString) throws(DynamoError) -> Bool? {
    guard let node = member(name) else { return nil }
    guard let value = tape.bool(node) else { throw .unexpectedJSON(tape, node, wanted: .boolean) }
    return value
  }

  func object(_ name: StaticString) throws(DynamoError) -> RequestBody? {
    guard let node = member(name) else { return nil }
    return try RequestBody(tape, node)
  }

  /// The nodes of a list's elements.
  func list(_ name: StaticString) throws(DynamoError) -> [Int]? {
    guard let node = member(name) else { return nil }
    guard tape.kind(node) == .array else { throw .unexpectedJSON(tape, node, wanted: .list) }
    var elements: [Int] = []
    tape.forEachElement(node) { elements.append($0) }
    return elements
  }

  func objects(_ name: StaticString) throws(DynamoError) -> [RequestBody]? {
    guard let elements = try list(name) else { return nil }
    var objects: [RequestBody] = []
    for element in elements { objects.append(try RequestBody(tape, element)) }
    return objects
  }

  func strings(_ name: StaticString) throws(DynamoError) -> [String]? {
    guard let elements = try list(name) else { return nil }
    var strings: [String] = []
    for element in elements { strings.append(try string(at: element)) }
    return strings
  }

  /// Names and values of a map, in the text's order; of members with one name the last.
  func map(_ name: StaticString) throws(DynamoError) -> [(name: String, value: Int)]? {
    guard let node = member(name) else { return nil }
    guard tape.kind(node) == .object else { throw .unexpectedJSON(tape, node, wanted: .map) }
    var members: [(name: String, value: Int)] = []
    tape.forEachMember(node) { key, value in members.append((tape.string(key), value)) }
    guard Text.firstRepeated(members.map(\.name)) != nil else { return members }
    var seen = Set<[UInt8]>(minimumCapacity: members.count)
    return members.reversed().filter { seen.insert(Array($0.name.utf8)).inserted }.reversed()
  }

  /// An item or a key.
  func item(_ name: StaticString) throws(DynamoError) -> Item? {
    guard let node = member(name) else { return nil }
    return try Item(json: tape, node)
  }

  /// The object's own text.
  func text(_ name: StaticString) -> String? { member(name).map { tape.text($0) } }
}

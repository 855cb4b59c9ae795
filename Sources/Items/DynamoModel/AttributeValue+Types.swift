extension AttributeValue {
  /// Throws when the JSON of a value, or of anything in it, is of another type than DynamoDB JSON has in that place. What the
  /// values mean is not looked at.
  package static func checkTypes(_ tape: JSONTape, _ node: Int) throws(DynamoError) {
    guard tape.kind(node) != .null else { return }
    guard tape.kind(node) == .object else { throw .unexpectedJSON(tape, node, wanted: .structure) }
    try tape.forEachMember(node) { (name, value) throws(DynamoError) in
      if tape.kind(value) == .null { return }
      switch tape.string(name) {
      case "S", "N": try checkString(tape, value)
      case "B": try checkBytes(tape, value)
      case "BOOL", "NULL":
        guard tape.kind(value) == .bool else { throw .unexpectedJSON(tape, value, wanted: .boolean) }
      case "SS", "NS": try checkList(tape, value, checkString)
      case "BS": try checkList(tape, value, checkBytes)
      case "L": try checkList(tape, value, checkTypes)
      case "M":
        guard tape.kind(value) == .object else { throw .unexpectedJSON(tape, value, wanted: .map) }
        try tape.forEachMember(value) { (_, inner) throws(DynamoError) in try checkTypes(tape, inner) }
      default: break
      }
    }
  }

  /// Throws for a number with an exponent past 32 bits. Such a number is out of range anyway, but in the parameters of statements
  /// DynamoDB does not take it for a number.
  package static func checkExponents(_ tape: JSONTape, _ node: Int) throws(DynamoError) {
    switch tape.kind(node) {
    case .string, .escapedString:
      let text = tape.string(node)
      let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
      if parts.count == 2, Int32(parts[1]) == nil { throw .content(NumberError.notNumeric(text).message) }
    case .array: try tape.forEachElement(node) { (element) throws(DynamoError) in try checkExponents(tape, element) }
    case .object:
      try tape.forEachMember(node) { (name, inner) throws(DynamoError) in
        switch tape.string(name) {
        case "N", "NS", "L": try checkExponents(tape, inner)
        case "M": try tape.forEachMember(inner) { (_, value) throws(DynamoError) in try checkExponents(tape, value) }
        default: break
        }
      }
    case .number, .bool, .null: break
    }
  }

  /// What is wrong with the first name, in the JSON of an item, that no attribute may have, however deep it stands.
  static func wrongName(_ tape: JSONTape, _ node: Int) -> DynamoError? {
    do throws(DynamoError) {
      try checkNames(tape, node)
      return nil
    } catch {
      return error
    }
  }

  private static func checkNames(_ tape: JSONTape, _ map: Int) throws(DynamoError) {
    guard tape.kind(map) == .object else { return }
    try tape.forEachMember(map) { (name, value) throws(DynamoError) in
      try AttributeMap.check(name: tape.string(name))
      try checkNames(within: tape, value)
    }
  }

  private static func checkNames(within tape: JSONTape, _ value: Int) throws(DynamoError) {
    guard tape.kind(value) == .object else { return }
    try tape.forEachMember(value) { (type, inner) throws(DynamoError) in
      switch tape.string(type) {
      case "M": try checkNames(tape, inner)
      case "L" where tape.kind(inner) == .array:
        try tape.forEachElement(inner) { (element) throws(DynamoError) in try checkNames(within: tape, element) }
      default: break
      }
    }
  }

  private static func checkString(_ tape: JSONTape, _ node: Int) throws(DynamoError) {
    guard tape.isString(node) else { throw .unexpectedJSON(tape, node, wanted: .string) }
  }

  private static func checkBytes(_ tape: JSONTape, _ node: Int) throws(DynamoError) {
    guard tape.isString(node) else { throw .unexpectedJSON(tape, node, wanted: .blob) }
    _ = try AttributeValue.bytes(base64: tape.string(node))
  }

  private static func checkList(
    _ tape: JSONTape, _ node: Int, _ check: (JSONTape, Int) throws(DynamoError) -> Void
  ) throws(DynamoError) {
    guard tape.kind(node) == .array else { throw .unexpectedJSON(tape, node, wanted: .list) }
    try tape.forEachElement(node) { (element) throws(DynamoError) in try check(tape, element) }
  }

  /// Throws what DynamoDB answers for a text that is not base64.
  static func bytes(base64 text: String) throws(DynamoError) -> [UInt8] {
    let text = Array(text.utf8)
    guard text.count % 4 == 0 else {
      throw .serialization("Base64 encoded length is expected a multiple of 4 bytes but found: \(text.count)")
    }
    guard let bytes = Base64.decode(text) else { throw .serialization("Invalid last non-pad Base64 character dectected") }
    return bytes
  }
}

internal import DynamoModel
internal import Expressions

/// The expressions of a request and the placeholders they share.
///
/// In DynamoDB's order: old and new parameters mixed; placeholders without an expression, empty or malformed; each
/// expression; placeholders that no expression used.
struct ExpressionParameters {
  private let body: RequestBody
  private let cache: ExpressionCache
  private var placeholders: Placeholders

  static let names: [StaticString] = [
    "ConditionExpression", "FilterExpression", "KeyConditionExpression", "UpdateExpression", "ProjectionExpression",
  ]
  static let legacyNames: [StaticString] = [
    "AttributesToGet", "AttributeUpdates", "ConditionalOperator", "Expected", "KeyConditions", "QueryFilter", "ScanFilter",
  ]

  /// - Parameters:
  ///   - own: the expressions that this operation has and that take values, in the order of DynamoDB's error text.
  ///   - projects: whether the operation has a projection expression too, which takes names only.
  init(_ body: RequestBody, _ cache: ExpressionCache, _ own: [StaticString], projects: Bool = false) throws(DynamoError) {
    self.body = body
    self.cache = cache
    try ExpressionParameters.checkLegacy(body, own)
    let present = own.filter { body.has($0) }
    let projection = projects && body.has("ProjectionExpression")
    var given: [(placeholder: String, name: String)] = []
    if let members = try body.map("ExpressionAttributeNames") {
      guard !present.isEmpty || projection else {
        throw .validation("ExpressionAttributeNames can only be specified when using expressions")
      }
      guard !members.isEmpty else { throw .validation("ExpressionAttributeNames must not be empty") }
      for (placeholder, node) in members {
        guard ExpressionParameters.isPlaceholder(placeholder, "#") else {
          throw .validation("ExpressionAttributeNames contains invalid key: Syntax error; key: \"\(placeholder)\"")
        }
        given.append((placeholder, try body.string(at: node)))
      }
    }
    placeholders = Placeholders(names: given, values: try ExpressionParameters.values(body, own, present))
  }

  private static func values(
    _ body: RequestBody, _ own: [StaticString], _ present: [StaticString]
  ) throws(DynamoError) -> AttributeMap {
    guard let members = try body.map("ExpressionAttributeValues") else { return AttributeMap() }
    guard !present.isEmpty else {
      let names = own.map { "\($0)" }.joined(separator: " and ")
      throw .validation(
        "ExpressionAttributeValues can only be specified when using expressions: \(names) \(own.count == 1 ? "is" : "are") null")
    }
    guard !members.isEmpty else { throw .validation("ExpressionAttributeValues must not be empty") }
    var entries: [AttributeMap.Entry] = []
    entries.reserveCapacity(members.count)
    for (placeholder, node) in members {
      guard isPlaceholder(placeholder, ":") else {
        throw .validation("ExpressionAttributeValues contains invalid key: Syntax error; key: \"\(placeholder)\"")
      }
      do throws(DynamoError) {
        entries.append(.init(name: placeholder, value: try AttributeValue(json: body.tape, node)))
      } catch {
        guard error.code == .validation else { throw error }
        throw .validation("ExpressionAttributeValues contains invalid value: \(error.message) for key \(placeholder)")
      }
    }
    return AttributeMap(entries)
  }

  private static func isPlaceholder(_ text: String, _ mark: Unicode.Scalar) -> Bool {
    let bytes = text.utf8
    guard bytes.count > 1, bytes.first == UInt8(ascii: mark) else { return false }
    return bytes.dropFirst().allSatisfy { ($0 | 0x20) &- 97 < 26 || $0 &- 48 < 10 || $0 == UInt8(ascii: "_") }
  }

  /// The parameters from before expressions are refused, never passed over.
  static func checkLegacy(_ body: RequestBody, _ own: [StaticString]) throws(DynamoError) {
    let legacy = legacyNames.filter { body.has($0) }.map { "\($0)" }
    guard !legacy.isEmpty else { return }
    let modern = names.filter { body.has($0) }.map { "\($0)" }
    if !modern.isEmpty {
      throw .validation(
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
          + "{\(legacy.joined(separator: ", "))} Expression parameters: {\(modern.joined(separator: ", "))}")
    }
    throw .validation("The parameter \(legacy[0]) is not supported by this server: use an expression instead")
  }

  mutating func condition() throws(DynamoError) -> ConditionExpression? {
    guard let text = try body.string("ConditionExpression") else { return nil }
    return try cache.condition(text).resolved(&placeholders)
  }

  mutating func filter() throws(DynamoError) -> ConditionExpression? {
    guard let text = try body.string("FilterExpression") else { return nil }
    return try cache.filter(text).resolved(&placeholders)
  }

  mutating func keyCondition() throws(DynamoError) -> KeyConditionExpression? {
    guard let text = try body.string("KeyConditionExpression") else { return nil }
    return try cache.keyCondition(text).resolved(&placeholders)
  }

  mutating func update() throws(DynamoError) -> UpdateExpression? {
    guard let text = try body.string("UpdateExpression") else { return nil }
    return try cache.update(text).resolved(&placeholders)
  }

  mutating func projection() throws(DynamoError) -> ProjectionExpression? {
    guard let text = try body.string("ProjectionExpression") else { return nil }
    return try cache.projection(text).resolved(&placeholders)
  }

  func checkAllUsed() throws(DynamoError) { try placeholders.checkAllUsed() }
}

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

  private let form: ExpressionForm

  init(_ body: RequestBody, _ cache: ExpressionCache, _ form: ExpressionForm) throws(DynamoError) {
    self.body = body
    self.cache = cache
    self.form = form
    placeholders = try form.worded { () throws(DynamoError) in try ExpressionParameters.placeholders(body, form) }
  }

  private static func placeholders(_ body: RequestBody, _ form: ExpressionForm) throws(DynamoError) -> Placeholders {
    try form.checkNotMixed([body])
    let present = form.own.filter { body.has($0) }
    let projection = form.projects && body.has("ProjectionExpression")
    if form.ignoresIdlePlaceholders, present.isEmpty, !projection {
      try RequestShape.placeholders.check(body.tape, body.node)
      return Placeholders()
    }
    let names = try ExpressionParameters.names(body, isUsable: !present.isEmpty || projection)
    let values = try ExpressionParameters.values(body, form.own, present)
    let bytes = names.reduce(values.size) { $0 + $1.placeholder.utf8.count + $1.name.utf8.count }
    guard bytes <= ExpressionParameters.substitutionBytesMax else {
      throw .validation(
        "The total size of ExpressionAttributeNames and ExpressionAttributeValues has exceeded the maximum allowed size; "
          + "size: \(bytes), maximum: \(ExpressionParameters.substitutionBytesMax)")
    }
    return Placeholders(names: names, values: values)
  }

  private static func names(
    _ body: RequestBody, isUsable: Bool
  ) throws(DynamoError) -> [(placeholder: String, name: String)] {
    guard let members = try body.map("ExpressionAttributeNames") else { return [] }
    guard isUsable else { throw .validation("ExpressionAttributeNames can only be specified when using expressions") }
    guard !members.isEmpty else { throw .validation("ExpressionAttributeNames must not be empty") }
    var names: [(placeholder: String, name: String)] = []
    for (placeholder, node) in members {
      try check(placeholder, "#", "ExpressionAttributeNames")
      let name = try body.string(at: node)
      do throws(DynamoError) {
        try AttributeMap.check(name: name)
      } catch {
        throw .validation("ExpressionAttributeNames contains invalid value: \(error.message) for key \(placeholder)")
      }
      names.append((placeholder, name))
    }
    return names
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
    for (placeholder, _) in members { try check(placeholder, ":", "ExpressionAttributeValues") }
    var entries: [AttributeMap.Entry] = []
    entries.reserveCapacity(members.count)
    for (placeholder, node) in members {
      do throws(DynamoError) {
        entries.append(.init(name: placeholder, value: try AttributeValue(json: body.tape, node)))
      } catch {
        guard error.code == .validation, !error.isOfContent, !error.isOfEmptySet else { throw error }
        throw .validation("ExpressionAttributeValues contains invalid value: \(error.message) for key \(placeholder)")
      }
    }
    return AttributeMap(entries)
  }

  /// A placeholder with its mark, in bytes, by the DynamoDB guide.
  static let placeholderBytesMax = 255
  /// All names and values that an expression may stand for, in bytes, by the DynamoDB guide.
  static let substitutionBytesMax = 2 << 20

  private static func check(
    _ placeholder: String, _ mark: Unicode.Scalar, _ parameter: StaticString
  ) throws(DynamoError) {
    guard isPlaceholder(placeholder, mark) else {
      throw .validation("\(parameter) contains invalid key: Syntax error; key: \"\(placeholder)\"")
    }
    guard placeholder.utf8.count <= placeholderBytesMax else {
      throw .validation(
        "\(parameter) contains invalid key: The expression attribute map contains a key that is too long; key: "
          + "\"\(placeholder)\", length: \(placeholder.utf8.count), maximum: \(placeholderBytesMax)")
    }
  }

  private static func isPlaceholder(_ text: String, _ mark: Unicode.Scalar) -> Bool {
    let bytes = text.utf8
    guard bytes.count > 1, bytes.first == UInt8(ascii: mark) else { return false }
    return bytes.dropFirst().allSatisfy { ($0 | 0x20) &- 97 < 26 || $0 &- 48 < 10 || $0 == UInt8(ascii: "_") }
  }

  mutating func condition() throws(DynamoError) -> ConditionExpression? {
    guard let text = try body.string("ConditionExpression") else {
      return form.legacy.isEmpty ? nil : try form.worded { () throws(DynamoError) in try LegacyParameters.expected(body) }
    }
    return try form.worded { () throws(DynamoError) in try cache.condition(text).resolved(&placeholders) }
  }

  mutating func filter() throws(DynamoError) -> ConditionExpression? {
    guard let text = try body.string("FilterExpression") else {
      return try LegacyParameters.filter(body, body.has("ScanFilter") ? "ScanFilter" : "QueryFilter")
    }
    return try cache.filter(text).resolved(&placeholders)
  }

  mutating func keyCondition() throws(DynamoError) -> KeyConditionExpression? {
    guard let text = try body.string("KeyConditionExpression") else { return try LegacyParameters.keyConditions(body) }
    return try cache.keyCondition(text).resolved(&placeholders)
  }

  mutating func update() throws(DynamoError) -> UpdateExpression? {
    guard let text = try body.string("UpdateExpression") else {
      return form.legacy.isEmpty ? nil : try form.wordedValues { () throws(DynamoError) in try LegacyParameters.updates(body) }
    }
    return try form.worded { () throws(DynamoError) in try cache.update(text).resolved(&placeholders) }
  }

  mutating func projection() throws(DynamoError) -> ProjectionExpression? {
    guard let text = try body.string("ProjectionExpression") else {
      return form.legacy.isEmpty ? nil : try LegacyParameters.attributesToGet(body)
    }
    return try cache.projection(text).resolved(&placeholders)
  }

  func checkAllUsed() throws(DynamoError) { try placeholders.checkAllUsed() }
}

/// An error as a DynamoDB client sees it: the exception's name, its text, and for some exceptions further members.
package struct DynamoError: Error, Sendable, Equatable {
  /// The exceptions of the DynamoDB and DynamoDB Streams service models that this server answers with, and two of its own, of imports.
  package enum Code: String, Sendable {
    case validation = "ValidationException"
    case serialization = "SerializationException"
    case resourceNotFound = "ResourceNotFoundException"
    case resourceInUse = "ResourceInUseException"
    case conditionalCheckFailed = "ConditionalCheckFailedException"
    case transactionCanceled = "TransactionCanceledException"
    case transactionConflict = "TransactionConflictException"
    case transactionInProgress = "TransactionInProgressException"
    case idempotentParameterMismatch = "IdempotentParameterMismatchException"
    case itemCollectionSizeLimitExceeded = "ItemCollectionSizeLimitExceededException"
    case limitExceeded = "LimitExceededException"
    case duplicateItem = "DuplicateItemException"
    case tableNotFound = "TableNotFoundException"
    case tableAlreadyExists = "TableAlreadyExistsException"
    case globalTableNotFound = "GlobalTableNotFoundException"
    case backupInUse = "BackupInUseException"
    case backupNotFound = "BackupNotFoundException"
    case exportNotFound = "ExportNotFoundException"
    case importNotFound = "ImportNotFoundException"
    case pointInTimeRecoveryUnavailable = "PointInTimeRecoveryUnavailableException"
    case invalidRestoreTime = "InvalidRestoreTimeException"
    case invalidExportTime = "InvalidExportTimeException"
    case policyNotFound = "PolicyNotFoundException"
    case trimmedDataAccess = "TrimmedDataAccessException"
    case expiredIterator = "ExpiredIteratorException"
    case unknownOperation = "UnknownOperationException"
    case missingAuthenticationToken = "MissingAuthenticationTokenException"
    case invalidSignature = "InvalidSignatureException"
    case incompleteSignature = "IncompleteSignatureException"
    case unrecognizedClient = "UnrecognizedClientException"
    case accessDenied = "AccessDeniedException"
    case internalServer = "InternalServerError"
    case serviceUnavailable = "ServiceUnavailable"
    /// A batch of an import came before one that it follows.
    case importOutOfStep = "ImportOutOfStepException"
    /// Other rows were applied under the number of an import's batch.
    case importMismatch = "ImportMismatchException"
  }

  package let code: Code
  package let message: String
  /// With a failed condition, when the request asked for it: the item as it is.
  package var item: Item?
  /// With a cancelled transaction: a reason for each action, in the request's order.
  package var cancellationReasons: [CancellationReason]
  /// With a refused row of an import: its place in the batch, from 0.
  package private(set) var row: Int?
  /// Whether a write transaction with an action that is so wrong is refused with this error, rather than cancelled with it as
  /// the action's reason.
  package private(set) var refusesTransaction = false
  /// Whether a value is so wrong that it is refused without the name of the placeholder that it was given for.
  package private(set) var isOfContent = false
  /// The same of a set without members, which is not counted as a check of the service model in an item.
  package private(set) var isOfEmptySet = false

  package init(_ code: Code, _ message: String, item: Item? = nil, cancellationReasons: [CancellationReason] = []) {
    self.code = code
    self.message = message
    self.item = item
    self.cancellationReasons = cancellationReasons
  }

  package struct CancellationReason: Sendable, Equatable {
    package let code: String
    package let message: String?
    package let item: Item?

    package init(code: String, message: String?, item: Item? = nil) {
      self.code = code
      self.message = message
      self.item = item
    }

    package static let none = CancellationReason(code: "None", message: nil)

    package static func validationError(_ message: String) -> CancellationReason {
      CancellationReason(code: "ValidationError", message: message)
    }

    var isValidationError: Bool { code == "ValidationError" }
  }

  /// A transaction that none of came about, with a reason for each of `count` actions in the request's order. What is wrong is not
  /// looked for after the first action that is not valid.
  package static func cancelled(_ found: [CancellationReason], of count: Int) -> DynamoError {
    var reasons = found
    if let first = found.firstIndex(where: \.isValidationError) { reasons.removeSubrange((first + 1)...) }
    reasons += Array(repeating: .none, count: max(0, count - reasons.count))
    return DynamoError(
      .transactionCanceled,
      "Transaction cancelled, please refer cancellation reasons for specific reasons "
        + "[\(reasons.map(\.code).joined(separator: ", "))]",
      cancellationReasons: reasons)
  }

  /// The same error as that of a row of an import. A failure of the server is none of a row.
  package func ofRow(_ place: Int) -> DynamoError {
    guard code != .internalServer, code != .serviceUnavailable else { return self }
    var error = self
    error.row = place
    return error
  }

  package static func validation(_ message: String) -> DynamoError { DynamoError(.validation, message) }
  package static func serialization(_ message: String) -> DynamoError { DynamoError(.serialization, message) }

  /// The message with its usual opening "One or more parameter values were invalid: ".
  package static func invalidParameter(_ message: String) -> DynamoError {
    .validation("One or more parameter values were invalid: \(message)")
  }

  /// An empty value in a key attribute: `problem` says what was tried, `place` which key.
  private static func emptyKey(_ problem: String, _ type: KeyType, _ place: String) -> DynamoError {
    var error = validation(
      "One or more parameter values are not valid. \(problem)The AttributeValue for a key attribute cannot contain an empty "
        + "\(type == .string ? "string" : "binary") value.\(place)")
    error.refusesTransaction = true
    return error
  }

  /// An empty value in a key attribute of a table.
  package static func emptyKey(_ attribute: KeyAttribute) -> DynamoError {
    emptyKey("", attribute.type, " Key: \(attribute.name)")
  }

  /// An empty value in a key attribute of an index, of an item that is put.
  package static func emptyIndexKey(_ attribute: KeyAttribute, index: String) -> DynamoError {
    emptyKey(
      "A value specified for a secondary index key is not supported. ", attribute.type,
      " IndexName: \(index), IndexKey: \(attribute.name)")
  }

  /// An empty value in a key attribute of an index, by an update.
  package static func emptyIndexKeyUpdate(_ attribute: KeyAttribute) -> DynamoError {
    emptyKey(
      "The update expression attempted to update a secondary index key to a value that is not supported. ", attribute.type, "")
  }

  /// A value in more lists and maps than an item may have.
  package static let nestingTooDeep = DynamoError.validation(
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")

  /// An item that is put and is larger than an item may be.
  package static let itemTooLarge: DynamoError = {
    var error = validation("Item size has exceeded the maximum allowed size")
    error.refusesTransaction = true
    return error
  }()

  /// What is wrong with the text of a number, with a set that holds a value twice, and with the values of a statement.
  package static func content(_ message: String) -> DynamoError {
    var error = validation(message)
    error.isOfContent = true
    return error
  }

  /// What is wrong with a set that has no members.
  static func emptySet(_ message: StaticString) -> DynamoError {
    var error = validation("One or more parameter values were invalid: \(message)")
    error.isOfEmptySet = true
    return error
  }

  static func duplicates(_ given: [String], ending: StaticString) -> DynamoError {
    content("One or more parameter values were invalid: Input collection [\(given.joined(separator: ", "))]\(ending)")
  }

  /// The error as the operations that write one item word what they find wrong before they look at the table: as one of the checks of
  /// the service model.
  package var counted: DynamoError {
    guard code == .validation, !message.utf8.starts(with: "1 validation error".utf8) else { return self }
    return .validation("1 validation error detected: \(message)")
  }

  /// What a member of the service model is, for the text of a type error.
  package enum ExpectedJSON: String, Sendable {
    case string = "String"
    case integer = "Integer"
    case long = "Long"
    case double = "Double"
    case boolean = "Boolean"
    case timestamp = "Timestamp"
    case blob, list, map, structure
  }

  /// The text of DynamoDB's deserialiser for JSON of a wrong type.
  package static func unexpectedJSON(_ tape: JSONTape, _ node: Int, wanted: ExpectedJSON) -> DynamoError {
    tape.bytes.withUnsafeBytes { unexpectedJSON(tape, node, in: $0, wanted: wanted) }
  }

  /// The same from a tape over bytes that the caller holds.
  package static func unexpectedJSON(
    _ tape: JSONTape, _ node: Int, in source: UnsafeRawBufferPointer, wanted: ExpectedJSON
  ) -> DynamoError {
    switch (tape.kind(node), wanted) {
    case (.object, _): .serialization("Start of structure or map found where not expected")
    case (.array, _): .serialization("Start of list found where not expected")
    case (_, .list), (_, .map): .serialization("Unexpected field type")
    case (_, .structure): .serialization("Unexpected value type in payload")
    case (_, .blob): .serialization("only base64-encoded strings are convertible to bytes")
    default: .serialization("\(valueName(tape, node, source)) cannot be converted to \(wanted.rawValue)")
    }
  }

  private static func valueName(_ tape: JSONTape, _ node: Int, _ source: UnsafeRawBufferPointer) -> String {
    switch tape.kind(node) {
    case .string, .escapedString: return "STRING_VALUE"
    case .number:
      let text = source[Int(tape.nodes[node].start)..<Int(tape.nodes[node].end)]
      return text.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") } ? "DECIMAL_VALUE" : "NUMBER_VALUE"
    case .bool: return tape.bool(node) == true ? "TRUE_VALUE" : "FALSE_VALUE"
    default: return "NULL_VALUE"
    }
  }
}

extension [DynamoError.CancellationReason] {
  /// Whether an action was found that is not valid, after which the others are not looked at.
  package var hasValidationError: Bool { contains(where: \.isValidationError) }
}

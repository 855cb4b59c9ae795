/// An error as a DynamoDB client sees it: the exception's name, its text, and for some exceptions further members.
package struct DynamoError: Error, Sendable, Equatable {
  /// The exceptions of the DynamoDB and DynamoDB Streams service models that this server answers with.
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
  }

  package let code: Code
  package let message: String
  /// With a failed condition, when the request asked for it: the item as it is.
  package var item: Item?
  /// With a cancelled transaction: a reason for each action, in the request's order.
  package var cancellationReasons: [CancellationReason]

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
  }

  /// A transaction that none of came about, with a reason for each action in the request's order.
  package static func cancelled(_ reasons: [CancellationReason]) -> DynamoError {
    DynamoError(
      .transactionCanceled,
      "Transaction cancelled, please refer cancellation reasons for specific reasons "
        + "[\(reasons.map(\.code).joined(separator: ", "))]",
      cancellationReasons: reasons)
  }

  package static func validation(_ message: String) -> DynamoError { DynamoError(.validation, message) }
  package static func serialization(_ message: String) -> DynamoError { DynamoError(.serialization, message) }

  /// The message with its usual opening "One or more parameter values were invalid: ".
  package static func invalidParameter(_ message: String) -> DynamoError {
    .validation("One or more parameter values were invalid: \(message)")
  }

  /// A value in more lists and maps than an item may have.
  package static let nestingTooDeep = DynamoError.validation(
    "Nesting Levels have exceeded supported limits: Attributes can be nested up to \(AttributeValue.depthMax) levels")

  static func duplicates(_ given: [String]) -> DynamoError {
    .invalidParameter("Input collection [\(given.joined(separator: ", "))] contains duplicates.")
  }

  /// What a member of the service model is, for the text of a type error.
  package enum ExpectedJSON: String, Sendable {
    case string = "String"
    case integer = "Integer"
    case boolean = "Boolean"
    case timestamp = "Timestamp"
    case blob, list, map, structure
  }

  /// The text of DynamoDB's deserialiser for JSON of a wrong type.
  package static func unexpectedJSON(_ kind: JSONTape.Kind, wanted: ExpectedJSON) -> DynamoError {
    switch kind {
    case .object: .serialization("Start of structure or map found where not expected")
    case .array where wanted == .structure || wanted == .map: .serialization("Start of list found where not expected")
    case .array: .serialization("Start of list found where not expected")
    default:
      switch wanted {
      case .list: .serialization("Unexpected field type")
      case .map, .structure: .serialization("Unexpected value type in payload")
      case .blob: .serialization("\(valueName(kind)) cannot be converted to Blob")
      default: .serialization("\(valueName(kind)) cannot be converted to \(wanted.rawValue)")
      }
    }
  }

  private static func valueName(_ kind: JSONTape.Kind) -> String {
    switch kind {
    case .string, .escapedString: "STRING_VALUE"
    case .number: "NUMBER_VALUE"
    case .bool: "TRUE_VALUE"
    default: "NULL_VALUE"
    }
  }
}

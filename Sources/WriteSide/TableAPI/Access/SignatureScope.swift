internal import DynamoModel

/// The credential of a signature: `key/yyyyMMdd/region/dynamodb/aws4_request`.
struct SignatureScope {
  static let service = "dynamodb"
  static let terminator = "aws4_request"
  static let algorithm = "AWS4-HMAC-SHA256"

  let keyID: String
  let day: String
  let region: String
  private let given: [String]

  init(_ credential: String) throws(DynamoError) {
    given = credential.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    // A key's own id may hold a slash; the four parts after it may not.
    guard given.count >= 5 else {
      throw DynamoError(
        .incompleteSignature,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term,  got '\(credential)'")
    }
    keyID = given.dropLast(4).joined(separator: "/")
    day = given[given.count - 4]
    region = given[given.count - 3]
  }

  var text: String { given.suffix(4).joined(separator: "/") }

  /// Throws when the credential is for something else.
  func check(date: String) throws(DynamoError) {
    guard given[given.count - 1] == SignatureScope.terminator else {
      throw DynamoError(
        .invalidSignature,
        "Credential should be scoped with a valid terminator: 'aws4_request', not '\(given[given.count - 1])'. ")
    }
    guard given[given.count - 2] == SignatureScope.service else {
      throw DynamoError(.invalidSignature, "Credential should be scoped to correct service: 'dynamodb'. ")
    }
    guard date.prefix(8) == day else {
      throw DynamoError(
        .invalidSignature,
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '\(day)' != "
          + "'\(date.prefix(8))', from '\(date)'.")
    }
  }
}

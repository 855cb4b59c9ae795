internal import DynamoModel
internal import TableStore

/// Resource policies: stored and given back, for tables and for streams. What callers may do is decided by the server's own
/// permissions.
enum ResourcePolicy {
  static let bytesMax = 20_480
  static let noPolicy = "NO_POLICY"

  /// Throws for what is not a JSON object, or too long.
  static func check(_ text: String) throws(DynamoError) {
    guard text.utf8.count <= bytesMax else {
      throw .validation("Resource policy size exceeds the maximum of \(bytesMax) bytes: \(text.utf8.count)")
    }
    guard let tape = try? JSONTape(Array(text.utf8)), tape.kind(tape.root) == .object else {
      throw .validation("Resource policy is not valid JSON")
    }
  }

  /// A number that no other policy has, as AWS forms revisions.
  static func revision() -> String { String(UInt64.random(in: 1_000_000_000_000...9_999_999_999_999)) }

  /// The table and the part of it (empty, or `stream/label`) that an ARN names.
  static func resource(_ arn: String) throws(DynamoError) -> (table: String, part: String) {
    let name = try ResourceARN.table(arn)
    guard let slash = name.firstIndex(of: "/") else { return (name, "") }
    return (String(name[..<slash]), String(name[name.index(after: slash)...]))
  }

  static func notFound(_ arn: String) -> DynamoError {
    DynamoError(.policyNotFound, "Resource-based policy not found for the provided ResourceArn: \(arn)")
  }

  /// The table that an ARN names, which must be there with its part.
  static func table(_ call: Call, _ arn: String) throws(DynamoError) -> (table: TableHandle, part: String) {
    let (name, part) = try resource(arn)
    try call.checkAccount(arn)
    try call.authorize(name)
    guard let table = call.store.table(name), part.isEmpty || call.store.stream(arn: arn) != nil else {
      throw DynamoError(
        .resourceNotFound, "Requested resource not found: \(part.isEmpty ? "Table: \(name)" : "Stream: \(arn)") not found")
    }
    return (table, part)
  }

  /// Throws unless the policy that is there has the revision that the request expects.
  static func check(_ expected: String?, _ current: (text: String, revision: String)?, _ arn: String) throws(DynamoError) {
    guard let expected else { return }
    guard (expected == noPolicy && current == nil) || current?.revision == expected else { throw notFound(arn) }
  }
}

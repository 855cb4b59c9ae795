internal import DynamoModel
internal import TableStore

/// The ResourceArn of the tag operations.
enum ResourceARN {
  static func check(_ arn: String?, _ constraints: inout Constraints) {
    constraints.required(arn != nil, at: "resourceArn")
    constraints.length(arn, .resourceArnString, at: "resourceArn")
  }

  /// The name of the table that an ARN means.
  static func table(_ arn: String?) throws(DynamoError) -> String {
    let arn = arn ?? ""
    guard arn.utf8.starts(with: "arn:".utf8) else { throw .invalidParameter("ARNs must start with 'arn:': \(arn)") }
    let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
    guard parts.count == 6, parts[2] == "dynamodb", parts[5].hasPrefix("table/") else { throw invalid(arn) }
    return String(parts[5].dropFirst("table/".count))
  }

  static func invalid(_ arn: String) -> DynamoError {
    .validation("Invalid TableArn: Invalid ResourceArn provided as input \(arn)")
  }

  /// Whether an ARN that names a table is of another account than the server's.
  static func isForeign(_ arn: String) -> Bool {
    let account = { (arn: String) in arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)[4] }
    return account(arn) != account(TableDescription.arn(""))
  }

  /// The text of AWS for a table that is not there, in the tag operations.
  static func notFound(_ arn: String?) -> DynamoError {
    DynamoError(.resourceNotFound, "Requested resource not found: ResourcArn: \(arn ?? "") not found")
  }
}

internal import DynamoModel
internal import TableStore

/// What the operations on backups share.
enum Backups {
  static func check(_ arn: String?, _ constraints: inout Constraints) {
    constraints.required(arn != nil, at: "backupArn")
    constraints.length(arn, .backupArn, at: "backupArn")
  }

  /// The backup that a request names by its ARN.
  static func backup(_ call: Call) throws(DynamoError) -> TableJob {
    let arn = try call.body.string("BackupArn")
    var constraints = Constraints()
    check(arn, &constraints)
    try constraints.check()
    return try backup(call, arn ?? "")
  }

  /// The backup that an ARN names; its table must be one that the caller may see to.
  static func backup(_ call: Call, _ arn: String) throws(DynamoError) -> TableJob {
    let parts = arn.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count > 1 { try call.authorize(String(parts[1])) }
    guard let job = call.store.job(arn: arn), job.kind == .backup else {
      throw DynamoError(.backupNotFound, "Backup not found: \(arn)")
    }
    return job
  }
}

internal import DynamoModel
internal import TableStore

enum DescribeBackup {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let arn = try call.body.string("BackupArn")
    var constraints = Constraints()
    Backups.check(arn, &constraints)
    try constraints.check()
    let job = try Backups.backup(call, arn ?? "")
    return .answer(Outcome.object { $0.backupDescription(job) })
  }
}

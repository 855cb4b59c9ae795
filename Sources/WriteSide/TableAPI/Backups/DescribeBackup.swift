internal import DynamoModel
internal import TableStore

enum DescribeBackup {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let job = try Backups.backup(call)
    return .answer(Outcome.object { $0.backupDescription(job) })
  }
}

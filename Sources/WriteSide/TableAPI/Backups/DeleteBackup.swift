internal import DynamoModel
internal import TableStore

enum DeleteBackup {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let job = try Backups.backup(call)
    guard job.status != .running else {
      throw DynamoError(.backupInUse, "Backup is being created or restored: \(job.arn)")
    }
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      try store.deleteJob(job)
      return Outcome.object { $0.backupDescription(job, status: "DELETED") }
    }
  }
}

internal import ChangeRecords
internal import DynamoModel
internal import TableStore

enum RestoreTableFromBackup {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let arn = try call.body.string("BackupArn")
    var constraints = Constraints()
    let request = try RestoreRequest(call.body, &constraints)
    Backups.check(arn, &constraints)
    try constraints.check()
    let backup = try Backups.backup(call, arn ?? "")
    try call.authorize(request.name)
    guard backup.status == .done else { throw DynamoError(.backupInUse, "Backup is being created or restored: \(backup.arn)") }
    let definition = try request.definition(
      from: backup.description.definition,
      RestoreSource(backup: backup.arn, table: backup.description.arn, time: backup.createdAt.rawValue))
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      let (table, _) = try store.createTable(definition, filledBy: .restore, ["backup": .string(backup.arn)])
      return Outcome.object { writer in
        writer.name("TableDescription")
        writer.table(table)
      }
    }
  }
}

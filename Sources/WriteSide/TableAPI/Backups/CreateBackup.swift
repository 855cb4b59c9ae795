internal import DynamoModel
internal import TableStore

enum CreateBackup {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let table = try call.body.tableName()
    let name = try call.body.string("BackupName")
    var constraints = Constraints()
    constraints.name(table, at: "tableName")
    constraints.name(name, at: "backupName")
    try constraints.check()
    let handle = try call.backedTable(table ?? "")
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      let job = try store.createBackup(handle, name: name ?? "")
      return Outcome.object { $0.backupDetails(job) }
    }
  }
}

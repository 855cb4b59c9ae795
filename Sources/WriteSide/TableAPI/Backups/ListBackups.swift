internal import ChangeRecords
internal import DynamoModel
internal import TableStore

enum ListBackups {

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let table = try body.tableName()
    let limit = try body.integer("Limit")
    let from = try body.milliseconds("TimeRangeLowerBound")
    let until = try body.milliseconds("TimeRangeUpperBound")
    let after = try body.string("ExclusiveStartBackupArn")
    let type = try body.string("BackupType")
    var constraints = Constraints()
    constraints.name(table, at: "tableName", isRequired: false)
    constraints.range(limit, .backupsInputLimit, at: "limit")
    constraints.length(after, .backupArn, at: "exclusiveStartBackupArn")
    constraints.oneOf(type, .backupTypeFilter, at: "backupType")
    try constraints.check()
    var backups = call.store.jobs(.backup).filter { job in
      call.sees(job.description.definition.name) && (table.map { Text.equal($0, job.description.definition.name) } ?? true)
        && job.createdAt.rawValue >= from ?? .min && job.createdAt.rawValue < until ?? .max && type ?? "ALL" != "SYSTEM"
        && type != "AWS_BACKUP"
    }
    if let after, let place = backups.firstIndex(where: { Text.equal($0.arn, after) }) { backups.removeFirst(place + 1) }
    let shown = Array(backups.prefix(limit ?? ModelBounds.backupsInputLimit.max))
    return .answer(
      Outcome.object { writer in
        writer.name("BackupSummaries")
        writer.array(shown) { writer, job in
          writer.beginObject()
          writer.backupMembers(job)
          writer.member("TableName", job.description.definition.name)
          writer.member("TableId", job.description.dynamoTableID)
          writer.member("TableArn", job.description.arn)
          writer.endObject()
        }
        if shown.count < backups.count, let last = shown.last { writer.member("LastEvaluatedBackupArn", last.arn) }
      })
  }
}

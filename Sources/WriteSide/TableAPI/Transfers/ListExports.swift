internal import DynamoModel
internal import TableStore

enum ListExports {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    try Transfers.list(call, .export, "ExportSummaries") { writer, job in
      writer.member("ExportArn", job.arn)
      writer.member("ExportStatus", Transfers.status(job))
      writer.member("ExportType", job.text("type") ?? "")
    }
  }
}

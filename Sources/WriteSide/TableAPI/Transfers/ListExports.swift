internal import DynamoModel
internal import TableStore

enum ListExports {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    try Transfers.list(call, .export, "ExportSummaries") { writer, job in
      writer.name("ExportArn")
      writer.string(job.arn)
      writer.name("ExportStatus")
      writer.string(Transfers.status(job))
      writer.name("ExportType")
      writer.string(job.text("type") ?? "")
    }
  }
}

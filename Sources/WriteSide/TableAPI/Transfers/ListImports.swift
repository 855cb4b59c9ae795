internal import DynamoModel
internal import TableStore

enum ListImports {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    try Transfers.list(call, .imports, "ImportSummaryList") { writer, job in
      writer.importMembers(job)
    }
  }
}

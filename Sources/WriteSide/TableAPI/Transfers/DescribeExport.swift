internal import DynamoModel
internal import TableStore

enum DescribeExport {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let job = try Transfers.job(call, "ExportArn", at: "exportArn", .export)
    return .answer(Outcome.object { $0.export(job) })
  }
}

internal import DynamoModel
internal import TableStore

enum DescribeImport {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let job = try Transfers.job(call, "ImportArn", at: "importArn", .imports)
    return .answer(Outcome.object { $0.imported(job) })
  }
}

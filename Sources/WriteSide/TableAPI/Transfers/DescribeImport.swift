internal import DynamoModel
internal import TableStore

enum DescribeImport {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let arn = try call.body.string("ImportArn")
    var constraints = Constraints()
    constraints.required(arn != nil, at: "importArn")
    constraints.count(arn?.utf16.count, 37, 1024, shown: arn ?? "", at: "importArn")
    try constraints.check()
    guard let job = call.store.job(arn: arn ?? ""), job.kind == .imports else {
      throw DynamoError(.importNotFound, "Import not found: \(arn ?? "")")
    }
    try call.authorize(job.description.definition.name)
    return .answer(Outcome.object { $0.imported(job) })
  }
}

internal import DynamoModel
internal import TableStore

enum DescribeExport {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let arn = try call.body.string("ExportArn")
    var constraints = Constraints()
    constraints.required(arn != nil, at: "exportArn")
    constraints.count(arn?.utf16.count, 37, 1024, shown: arn ?? "", at: "exportArn")
    try constraints.check()
    guard let job = call.store.job(arn: arn ?? ""), job.kind == .export else {
      throw DynamoError(.exportNotFound, "Export not found: \(arn ?? "")")
    }
    try call.authorize(job.description.definition.name)
    return .answer(Outcome.object { $0.export(job) })
  }
}

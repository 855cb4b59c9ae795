internal import DynamoModel
internal import TableStore

enum GetResourcePolicy {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let arn = try body.string("ResourceArn")
    var constraints = Constraints()
    ResourceARN.check(arn, &constraints)
    try constraints.check()
    let (table, part) = try ResourcePolicy.table(call, arn ?? "")
    guard let policy = table.definition.options.policy(part) else { throw ResourcePolicy.notFound(arn ?? "") }
    return .answer(
      Outcome.object { writer in
        writer.member("Policy", policy.text)
        writer.member("RevisionId", policy.revision)
      })
  }
}

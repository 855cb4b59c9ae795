internal import DynamoModel
internal import TableStore

enum DeleteResourcePolicy {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let arn = try body.string("ResourceArn")
    let expected = try body.string("ExpectedRevisionId")
    var constraints = Constraints()
    ResourceARN.check(arn, &constraints)
    constraints.length(expected, .policyRevisionId, at: "expectedRevisionId")
    try constraints.check()
    guard let arn else { return .answer(Outcome.empty) }
    let (table, part) = try ResourcePolicy.table(call, arn)
    let revision = table.definition.options.policy(part)?.revision
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      _ = try store.updateTable(table.definition.name) { (definition) throws(DynamoError) in
        try ResourcePolicy.check(expected, definition.options.policy(part), arn)
        definition.options.setPolicy(part, nil)
      }
      return Outcome.object { writer in
        guard let revision else { return }
        writer.member("RevisionId", revision)
      }
    }
  }
}

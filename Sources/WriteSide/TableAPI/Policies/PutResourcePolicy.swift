internal import DynamoModel
internal import TableStore

enum PutResourcePolicy {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let arn = try body.string("ResourceArn")
    let text = try body.string("Policy")
    let expected = try body.string("ExpectedRevisionId")
    var constraints = Constraints()
    ResourceARN.check(arn, &constraints)
    constraints.required(text != nil, at: "policy")
    constraints.length(expected, .policyRevisionId, at: "expectedRevisionId")
    try constraints.check()
    guard let arn, let text else { return .answer(Outcome.empty) }
    try ResourcePolicy.check(text)
    let (table, part) = try ResourcePolicy.table(call, arn)
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      let changed = try store.updateTable(table.definition.name) { (definition) throws(DynamoError) in
        let current = definition.options.policy(part)
        try ResourcePolicy.check(expected, current, arn)
        // The same policy again keeps its revision.
        if current?.text != text { definition.options.setPolicy(part, (text, ResourcePolicy.revision())) }
      }
      return Outcome.object { writer in
        writer.member("RevisionId", changed.definition.options.policy(part)?.revision ?? "")
      }
    }
  }
}

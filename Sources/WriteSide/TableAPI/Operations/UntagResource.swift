internal import DynamoModel
internal import TableStore

enum UntagResource {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let arn = try body.string("ResourceArn")
    let keys = try body.strings("TagKeys")
    var constraints = Constraints()
    ResourceARN.check(arn, &constraints)
    constraints.required(keys != nil, at: "tagKeys")
    constraints.lengths(keys, .tagKeyString, shown: Shown.value(body, "TagKeys"), at: "tagKeys")
    try constraints.check()
    guard keys?.isEmpty == false else { throw .validation("Atleast one Tag Key needs to be provided as Input.") }
    let name = try call.table(arn: arn).definition.name
    let store = call.store
    let removed = keys ?? []
    return .control { () throws(DynamoError) -> [UInt8] in
      _ = try store.updateTable(name) { (definition) throws(DynamoError) in
        for key in removed where key != OwnTags.deletionProtection {
          try TagResource.checkChange(key, definition, to: nil)
          definition.tags.removeAll { Text.equal($0.key, key) }
        }
        definition.privateAttributes = try OwnTags.privateAttributes(definition.tags, definition.key)
      }
      return []
    }
  }
}

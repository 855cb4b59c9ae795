internal import DynamoModel
internal import TableStore

enum ListTagsOfResource {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let arn = try call.body.string("ResourceArn")
    var constraints = Constraints()
    ResourceARN.check(arn, &constraints)
    try constraints.check()
    let table = try call.table(arn: arn)
    return .answer(
      Outcome.object { writer in
        writer.name("Tags")
        writer.array(OwnTags.shown(table.definition.tags)) { writer, tag in
          writer.beginObject()
          writer.member("Key", tag.key)
          writer.member("Value", tag.value)
          writer.endObject()
        }
      })
  }
}

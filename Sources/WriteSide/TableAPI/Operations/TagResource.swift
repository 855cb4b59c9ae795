internal import DynamoModel
internal import TableStore

enum TagResource {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let arn = try body.string("ResourceArn")
    var constraints = Constraints()
    ResourceARN.check(arn, &constraints)
    constraints.required(body.has("Tags"), at: "tags")
    let tags = try OwnTags.read(body, &constraints)
    try constraints.check()
    guard !tags.isEmpty else { throw .validation("Atleast one Tag needs to be provided as Input.") }
    let name = try call.table(arn: arn).definition.name
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      _ = try store.updateTable(name) { (definition) throws(DynamoError) in
        for tag in tags {
          try checkChange(tag.key, definition, to: tag.value)
          definition.tags.removeAll { Text.equal($0.key, tag.key) }
          definition.tags.append(tag)
        }
        guard OwnTags.shown(definition.tags).count <= OwnTags.tagsMax else {
          throw .invalidParameter("Too many tags: at most \(OwnTags.tagsMax) per table")
        }
        definition.privateAttributes = try OwnTags.privateAttributes(definition.tags, definition.key)
      }
      return []
    }
  }

  /// Partitions and clock are decided when a table is made.
  static func checkChange(_ key: String, _ definition: TableDefinition, to value: String?) throws(DynamoError) {
    guard key == OwnTags.partitions || key == OwnTags.clock, OwnTags.value(key, definition.tags) != value else { return }
    throw .invalidParameter("The tag \(key) cannot be changed: it is given when the table is created")
  }
}

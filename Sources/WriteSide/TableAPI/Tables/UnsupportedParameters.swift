internal import DynamoModel

/// Parameters of DynamoDB that this server does not have: refused, so that nobody takes them for working.
enum UnsupportedParameters {
  static func check(_ body: RequestBody, _ names: [StaticString]) throws(DynamoError) {
    for name in names where body.has(name) {
      throw .validation("The parameter \(name) is not supported by this server")
    }
    if let encryption = try body.object("SSESpecification"), try encryption.bool("Enabled") == true {
      throw .validation("SSESpecification is not supported by this server: encryption at rest is the disk's")
    }
    if let tableClass = try body.string("TableClass"), tableClass != "STANDARD" {
      throw .validation("The TableClass \(tableClass) is not supported by this server: STANDARD is")
    }
  }
}

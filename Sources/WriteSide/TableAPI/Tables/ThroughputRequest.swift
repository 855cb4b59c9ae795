internal import DynamoModel

/// BillingMode and ProvisionedThroughput. The numbers are kept and shown; nothing is throttled by them.
struct ThroughputRequest {
  let throughput: TableDefinition.Throughput?
  let isGiven: Bool

  init(
    _ body: RequestBody, _ member: StaticString = "ProvisionedThroughput", at path: String, _ constraints: inout Constraints
  ) throws(DynamoError) {
    guard let given = try body.object(member) else {
      throughput = nil
      isGiven = false
      return
    }
    let read = try given.integer("ReadCapacityUnits")
    let write = try given.integer("WriteCapacityUnits")
    constraints.required(read != nil, at: "\(path).readCapacityUnits")
    constraints.required(write != nil, at: "\(path).writeCapacityUnits")
    constraints.range(read, 1, nil, at: "\(path).readCapacityUnits")
    constraints.range(write, 1, nil, at: "\(path).writeCapacityUnits")
    throughput = .init(read: read ?? 0, write: write ?? 0)
    isGiven = true
  }

  /// What a table bills by; nil is PAY_PER_REQUEST.
  func billing(_ mode: String?) throws(DynamoError) -> TableDefinition.Throughput? {
    if mode == "PAY_PER_REQUEST" {
      guard !isGiven else {
        throw .invalidParameter(
          "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
      }
      return nil
    }
    guard let throughput else {
      throw .invalidParameter(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
    }
    return throughput
  }
}

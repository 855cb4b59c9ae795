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
    let read = try given.long("ReadCapacityUnits")
    let write = try given.long("WriteCapacityUnits")
    constraints.required(write != nil, at: "\(path).writeCapacityUnits")
    constraints.range(write, .positiveLongObject, at: "\(path).writeCapacityUnits")
    constraints.required(read != nil, at: "\(path).readCapacityUnits")
    constraints.range(read, .positiveLongObject, at: "\(path).readCapacityUnits")
    throughput = .init(read: read ?? 0, write: write ?? 0)
    isGiven = true
  }

  static let unitsMax = 1_000_000_000_000

  static let isPayPerRequest = DynamoError.invalidParameter(
    "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")

  /// Refuses numbers that no table or index may have.
  func checkBounds(index: String? = nil) throws(DynamoError) {
    guard let throughput else { return }
    for (name, units) in [("ReadCapacityUnits", throughput.read), ("WriteCapacityUnits", throughput.write)]
    where units > ThroughputRequest.unitsMax {
      let place = index.map { " for index \($0)" } ?? ""
      throw .validation("Given value \(units) for \(name) is out of bounds\(place)")
    }
  }

  /// What a table bills by; nil is PAY_PER_REQUEST. `missing` says that PROVISIONED came without numbers.
  func billing(
    _ mode: String?,
    missing: String = "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
  ) throws(DynamoError) -> TableDefinition.Throughput? {
    try checkBounds()
    if mode == "PAY_PER_REQUEST" {
      guard !isGiven else {
        throw ThroughputRequest.isPayPerRequest
      }
      return nil
    }
    guard let throughput else { throw .invalidParameter(missing) }
    return throughput
  }
}

internal import DynamoModel

/// A secondary index as CreateTable and UpdateTable ask for it.
struct IndexRequest {
  let name: String
  let kind: IndexDefinition.Kind
  let key: KeySchemaElements
  let throughput: ThroughputRequest
  private let capacity: CapacityRequest
  private let projectionType: String?
  private let nonKeyAttributes: [String]?

  static let globalMax = 20
  static let localMax = 5
  /// Attributes that all indexes of a table include beside keys.
  static let includedMax = 100

  init(_ body: RequestBody, _ kind: IndexDefinition.Kind, at path: String, _ constraints: inout Constraints) throws(DynamoError) {
    self.kind = kind
    let name = try body.string("IndexName")
    constraints.name(name, at: "\(path).indexName")
    self.name = name ?? ""
    key = try KeySchemaElements(
      body, at: "\(path).keySchema", max: kind == .global ? 2 * KeySchema.attributesMax : 2, &constraints)
    let projection = try body.object("Projection")
    constraints.required(projection != nil, at: "\(path).projection")
    projectionType = try projection?.string("ProjectionType")
    constraints.oneOf(projectionType, .projectionType, at: "\(path).projection.projectionType")
    nonKeyAttributes = try projection?.strings("NonKeyAttributes")
    let shown = projection.map { Shown.value($0, "NonKeyAttributes") } ?? ""
    constraints.count(nonKeyAttributes?.count, .nonKeyAttributeNameList, shown: shown, at: "\(path).projection.nonKeyAttributes")
    constraints.lengths(nonKeyAttributes, .nonKeyAttributeName, shown: shown, at: "\(path).projection.nonKeyAttributes")
    throughput = try ThroughputRequest(body, at: "\(path).provisionedThroughput", &constraints)
    capacity = try CapacityRequest(body)
  }

  /// What UpdateTable wants of the numbers of an index that it makes.
  func checkThroughput(isProvisioned: Bool) throws(DynamoError) {
    try throughput.checkBounds(index: name)
    if isProvisioned, !throughput.isGiven {
      throw .invalidParameter("Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: \(name)")
    }
    if !isProvisioned, throughput.isGiven {
      throw ThroughputRequest.isPayPerRequest
    }
  }

  /// The indexes of a list; refuses an empty one.
  static func list(
    _ body: RequestBody, _ member: StaticString, _ kind: IndexDefinition.Kind, at path: String, constraints: inout Constraints
  ) throws(DynamoError) -> [IndexRequest] {
    guard let given = try body.objects(member) else { return [] }
    guard !given.isEmpty else { throw .invalidParameter("List of \(member) is empty") }
    var indexes: [IndexRequest] = []
    for (place, element) in given.enumerated() {
      indexes.append(try IndexRequest(element, kind, at: "\(path).\(place + 1).member", &constraints))
    }
    return indexes
  }

  func definition(_ definitions: AttributeDefinitions, table: KeySchema) throws(DynamoError) -> IndexDefinition {
    if kind == .global { try key.checkGlobal() } else { try key.check() }
    let schema = try key.schema(definitions)
    if kind == .local {
      guard table.sort != nil else {
        throw .invalidParameter(
          "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
      }
      guard schema.sort != nil else {
        throw .invalidParameter("Index KeySchema does not have a range key for index: \(name)")
      }
      guard Text.equal(schema.partition.name, table.partition.name) else {
        throw .invalidParameter(
          "Index KeySchema does not have the same leading hash key as table KeySchema for index: \(name). "
            + "index hash key: \(schema.partition.name), table hash key: \(table.partition.name)")
      }
    }
    var index = IndexDefinition(
      name: name, kind: kind, key: schema, projection: try projection(), throughput: throughput.throughput)
    try applyCapacity(to: &index)
    return index
  }

  /// OnDemandThroughput and WarmThroughput, on an index whose throughput is decided.
  func applyCapacity(to index: inout IndexDefinition) throws(DynamoError) {
    try capacity.apply(to: &index.options, index.throughput, of: "index \(name)")
  }

  private func projection() throws(DynamoError) -> IndexProjection {
    switch (projectionType, nonKeyAttributes) {
    case (nil, _): throw .invalidParameter("Unknown ProjectionType: null")
    case ("INCLUDE"?, let names?):
      if let name = Text.firstRepeated(names) {
        throw .invalidParameter("Duplicate attribute name in NonKeyAttributes: \(name)")
      }
      return .include(names)
    case ("INCLUDE"?, nil):
      throw .invalidParameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    case (let type?, _?):
      throw .invalidParameter("ProjectionType is \(type), but NonKeyAttributes is specified")
    case ("KEYS_ONLY"?, nil): return .keysOnly
    default: return .all
    }
  }

  /// What holds for all indexes of a table together.
  static func check(_ indexes: [IndexDefinition]) throws(DynamoError) {
    if let name = Text.firstRepeated(indexes.map(\.name)) { throw .invalidParameter("Duplicate index name: \(name)") }
    if indexes.count(where: { $0.kind == .local }) > localMax {
      throw .invalidParameter("Number of LocalSecondaryIndexes exceeds per-table limit of \(localMax)")
    }
    if indexes.count(where: { $0.kind == .global }) > globalMax {
      throw .invalidParameter("GlobalSecondaryIndex count exceeds the per-table limit of \(globalMax)")
    }
    let included = indexes.reduce(0) { count, index in
      if case .include(let names) = index.projection { count + names.count } else { count }
    }
    if included > includedMax {
      throw .invalidParameter("Number of projected non-key attributes exceeds per-table limit of \(includedMax)")
    }
  }
}

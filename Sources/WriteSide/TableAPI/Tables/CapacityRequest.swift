internal import DynamoModel

/// OnDemandThroughput and WarmThroughput of a table or a global index: kept and shown.
struct CapacityRequest {
  /// Stands for no limit of OnDemandThroughput.
  private static let unlimited = -1

  private let onDemand: (reads: Int, writes: Int)?
  private let warmReads: Int?
  private let warmWrites: Int?

  var isGiven: Bool { onDemand != nil || warmReads != nil || warmWrites != nil }

  init(_ body: RequestBody) throws(DynamoError) {
    onDemand = try body.object("OnDemandThroughput").map { (given) throws(DynamoError) in
      (
        try given.long("MaxReadRequestUnits") ?? CapacityRequest.unlimited,
        try given.long("MaxWriteRequestUnits") ?? CapacityRequest.unlimited
      )
    }
    for (name, units) in [("MaxReadRequestUnits", onDemand?.reads), ("MaxWriteRequestUnits", onDemand?.writes)] {
      guard let units, units < 1, units != CapacityRequest.unlimited else { continue }
      throw .invalidParameter("\(name) of OnDemandThroughput must be -1 or at least 1")
    }
    let warm = try body.object("WarmThroughput")
    warmReads = try warm?.long("ReadUnitsPerSecond")
    warmWrites = try warm?.long("WriteUnitsPerSecond")
  }

  /// `throughput` is what is provisioned, nil when it bills by request. A warm throughput below the one that is there is refused,
  /// with `resource` in the text.
  func apply(
    to options: inout TableOptions, _ throughput: TableDefinition.Throughput?, of resource: String
  ) throws(DynamoError) {
    if let onDemand {
      options.onDemandReads = Int64(onDemand.reads)
      options.onDemandWrites = Int64(onDemand.writes)
    }
    let current = options.warmThroughput(throughput)
    for (name, given, least) in [
      ("ReadUnitsPerSecond", warmReads, current.read), ("WriteUnitsPerSecond", warmWrites, current.write),
    ] where given.map({ $0 < least }) ?? false {
      throw .invalidParameter(
        "Requested \(name) for WarmThroughput for \(resource) is lower than current WarmThroughput, decreasing WarmThroughput is "
          + "not supported")
    }
    if let warmReads { options.warmReads = Int64(warmReads) }
    if let warmWrites { options.warmWrites = Int64(warmWrites) }
  }
}

extension TableOptions {
  /// What AWS says that a new table takes at once that bills by request.
  private static let warmFromStart = TableDefinition.Throughput(read: 12_000, write: 4_000)

  /// What a table or index is said to take at once: as much as was asked for, at least what is provisioned.
  func warmThroughput(_ throughput: TableDefinition.Throughput?) -> TableDefinition.Throughput {
    let least = throughput ?? TableOptions.warmFromStart
    return .init(read: max(least.read, Int(warmReads ?? 0)), write: max(least.write, Int(warmWrites ?? 0)))
  }
}

extension JSONWriter {
  /// Of a table or index that `isNew` the warm throughput is shown only when it was asked for.
  mutating func capacity(_ options: TableOptions, _ throughput: TableDefinition.Throughput?, isNew: Bool) {
    if let reads = options.onDemandReads, let writes = options.onDemandWrites {
      name("OnDemandThroughput")
      beginObject()
      member("MaxReadRequestUnits", reads)
      member("MaxWriteRequestUnits", writes)
      endObject()
    }
    if isNew, options.warmReads == nil, options.warmWrites == nil { return }
    let warm = options.warmThroughput(throughput)
    name("WarmThroughput")
    beginObject()
    member("ReadUnitsPerSecond", warm.read)
    member("WriteUnitsPerSecond", warm.write)
    member("Status", isNew ? "UPDATING" : "ACTIVE")
    endObject()
  }
}

package import DynamoModel

/// Reads records in their JSON form, many after another, decoding of the images only what is named.
///
/// A record as our relay writes it is read in one pass (`scanOurs`, and `scan` where members stand otherwise); any other, and any
/// that is wrong, goes over a tape, which takes members in whatever order and spelling and names the error. All give the same record.
package struct RecordJSONReader: Sendable {
  private var tape = JSONTape()
  let names: AttributeNames?
  let oldNames: AttributeNames?

  /// `names` nil reads every attribute. `old` are those wanted of old images, if not the same; others of `names` may be there too.
  package init(only names: AttributeNames? = nil, old: AttributeNames? = nil) {
    self.names = names
    oldNames = old ?? names
  }

  /// Cost: one pass over the bytes, and the named attributes.
  package mutating func decode(_ bytes: UnsafeRawBufferPointer, sequence: SequenceNumber) throws(RecordError) -> ChangeRecord {
    if let record = scanOurs(bytes, sequence: sequence) { return record }
    if let record = scan(bytes, sequence: sequence) { return record }
    return try decodeByTape(bytes, sequence: sequence)
  }

  mutating func decodeByTape(_ bytes: UnsafeRawBufferPointer, sequence: SequenceNumber) throws(RecordError) -> ChangeRecord {
    do throws(JSONError) {
      try tape.parse(unowned: bytes)
    } catch {
      throw RecordError("the record is not JSON: \(error)")
    }
    guard tape.kind(tape.root) == .object else { throw RecordError("the record is not a JSON object") }
    var kind: ChangeRecord.Kind?
    var cause = ChangeRecord.Cause.user
    var change: Int?
    var ours: Int?
    tape.forEachMember(tape.root) { name, value in
      switch tape.string(name, in: bytes) {
      case "eventName": kind = tape.isString(value) ? Self.kinds[tape.string(value, in: bytes)] : nil
      case "userIdentity": if isService(value, bytes) { cause = .service }
      case "dynamodb": change = value
      case "afterimage": ours = value
      default: break
      }
    }
    guard let kind else { throw RecordError("the record's eventName is missing or unknown") }
    guard let change, tape.kind(change) == .object else { throw RecordError("the record has no member dynamodb") }
    guard let time = number("time", of: ours, bytes) else {
      throw RecordError("the record has no commit time in afterimage.time")
    }
    guard let order = number("order", of: ours, bytes), order >= 0 else {
      throw RecordError("the record has no order in afterimage.order")
    }
    return try decode(
      kind: kind, cause: cause, time: LogTime(rawValue: time), order: CommitOrder(rawValue: UInt64(order)), sequence: sequence,
      change, bytes)
  }

  private static let kinds: [String: ChangeRecord.Kind] = [
    "INSERT": .insert, "MODIFY": .modify, "REMOVE": .remove, "TRUNCATE": .truncate, "SNAPSHOT": .snapshot,
  ]

  private func decode(
    kind: ChangeRecord.Kind, cause: ChangeRecord.Cause, time: LogTime, order: CommitOrder, sequence: SequenceNumber,
    _ change: Int, _ bytes: UnsafeRawBufferPointer
  ) throws(RecordError) -> ChangeRecord {
    var keys = Item()
    var old: Item?
    var new: Item?
    do throws(DynamoError) {
      try tape.forEachMember(change) { (name, value) throws(DynamoError) in
        switch tape.string(name, in: bytes) {
        case "Keys": keys = try Item(json: tape, value, in: bytes, depth: AttributeValue.recordDepth)
        case "OldImage": old = try image(value, bytes)
        case "NewImage": new = try image(value, bytes)
        default: break
        }
      }
    } catch {
      throw RecordError("an attribute of the record does not decode: \(error.message)")
    }
    return ChangeRecord(
      kind: kind, cause: cause, time: time, order: order, sequence: sequence, keys: keys, oldImage: old, newImage: new)
  }

  private func image(_ node: Int, _ bytes: UnsafeRawBufferPointer) throws(DynamoError) -> Item {
    if let names { return try Item(json: tape, node, in: bytes, only: names) }
    return try Item(json: tape, node, in: bytes, depth: AttributeValue.recordDepth)
  }

  /// Both spellings occur: `Type` on the GetRecords wire, `type` in Lambda events and the Kinesis variant.
  private func isService(_ node: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard tape.kind(node) == .object else { return false }
    var found = false
    tape.forEachMember(node) { name, value in
      let name = tape.string(name, in: bytes)
      if name == "PrincipalId" || name == "principalId", tape.isString(value) {
        found = tape.string(value, in: bytes) == RecordJSON.serviceIdentity
      }
    }
    return found
  }

  private func number(_ wanted: String, of ours: Int?, _ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard let ours, tape.kind(ours) == .object else { return nil }
    var number: Int64?
    tape.forEachMember(ours) { name, value in
      if tape.kind(value) == .number, tape.string(name, in: bytes) == wanted { number = Int64(tape.string(value, in: bytes)) }
    }
    return number
  }
}

package import DynamoModel

/// A change record as JSON: what DynamoDB Streams calls a record, with our members beside it.
///
/// `afterimage` holds the commit time in milliseconds, the order, table id, partition and sequence; the rest is what
/// GetRecords of DynamoDB Streams gives, whole seconds included. A truncate record has eventName `TRUNCATE` and a
/// snapshot record `SNAPSHOT`, which DynamoDB has not.
package enum RecordJSON {
  package static let serviceIdentity = "dynamodb.amazonaws.com"

  /// Appends the JSON of a stored record, transcoding the images without building values of the whole.
  package static func append(
    stored bytes: UnsafeRawBufferPointer, table: String, position: Position, to out: inout [UInt8]
  ) throws(RecordError) {
    let record = try StoredRecord.decode(bytes, sequence: position.sequence)
    append(record, table: table, position: position, to: &out)
  }

  /// Appends the JSON of a record with both images, whatever the table's view type. `position` is where it stands in the log of `table`.
  package static func append(_ record: ChangeRecord, table: String, position: Position, to out: inout [UInt8]) {
    var writer = JSONWriter(continuing: out)
    out = []
    writer.beginObject()
    appendMembers(record, .newAndOldImages, position, to: &writer)
    writer.member("tableName", table)
    writer.name("afterimage")
    writer.beginObject()
    writer.member("time", record.time.rawValue)
    writer.member("order", record.order.rawValue)
    writer.member("tableId", position.tableID.description)
    writer.member("partition", position.partition)
    writer.member("sequence", position.sequence.rawValue)
    writer.endObject()
    writer.endObject()
    out = writer.bytes
  }

  /// The record as GetRecords of DynamoDB Streams gives it, with the images that the stream shows.
  package static func append(
    _ record: ChangeRecord, view: StreamViewType, position: Position, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    appendMembers(record, view, position, to: &writer)
    writer.endObject()
  }

  private static func appendMembers(
    _ record: ChangeRecord, _ view: StreamViewType, _ position: Position, to writer: inout JSONWriter
  ) {
    writer.member("eventID", position.eventID)
    writer.member("eventName", eventName(record.kind))
    writer.member("eventVersion", "1.1")
    writer.member("eventSource", "aws:dynamodb")
    writer.member("awsRegion", "us-east-1")
    if record.cause == .service {
      writer.name("userIdentity")
      writer.beginObject()
      writer.member("Type", "Service")
      writer.member("PrincipalId", serviceIdentity)
      writer.endObject()
    }
    writer.name("dynamodb")
    appendChange(record, view, position, to: &writer)
  }

  private static func appendChange(
    _ record: ChangeRecord, _ view: StreamViewType, _ position: Position, to writer: inout JSONWriter
  ) {
    let new = view == .newImage || view == .newAndOldImages ? record.newImage : nil
    let old = view == .oldImage || view == .newAndOldImages ? record.oldImage : nil
    writer.beginObject()
    writer.member("ApproximateCreationDateTime", record.time.rawValue / 1000)
    writer.name("Keys")
    writer.item(record.keys)
    if let image = new {
      writer.name("NewImage")
      writer.item(image)
    }
    if let image = old {
      writer.name("OldImage")
      writer.item(image)
    }
    writer.member("SequenceNumber", position.streamSequenceNumber)
    writer.member("SizeBytes", record.keys.size + (old?.size ?? 0) + (new?.size ?? 0))
    writer.member("StreamViewType", view.rawValue)
    writer.endObject()
  }

  package static func eventName(_ kind: ChangeRecord.Kind) -> String {
    switch kind {
    case .insert: "INSERT"
    case .modify: "MODIFY"
    case .remove: "REMOVE"
    case .truncate: "TRUNCATE"
    case .snapshot: "SNAPSHOT"
    }
  }
}

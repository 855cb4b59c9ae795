package import DynamoModel

/// A change record as JSON: what DynamoDB Streams calls a record, with our members beside it.
///
/// `afterimage` holds the commit time in milliseconds, the order, table id, partition and sequence; the rest is what
/// GetRecords of DynamoDB Streams gives, whole seconds included. A truncate record has eventName `TRUNCATE` and a
/// snapshot record `SNAPSHOT`, which DynamoDB has not.
package enum RecordJSON {
  package static let serviceIdentity = "dynamodb.amazonaws.com"

  /// Appends the JSON of a stored record, as `append(_:table:position:to:)` does of the decoded one. The images are transcoded in one pass,
  /// without building values. Throws, after a part was appended, for bytes that are not a record.
  package static func append(
    stored bytes: UnsafeRawBufferPointer, table: String, position: Position, to out: inout [UInt8]
  ) throws(RecordError) {
    let parts = try StoredRecord.parts(bytes)
    var writer = JSONWriter(continuing: out)
    out = []
    var isWhole = true
    append(Head(parts), table, position, to: &writer) { writer in
      var size = 0
      func image(_ name: StaticString, _ bytes: UnsafeRawBufferPointer?) {
        guard isWhole, let bytes else { return }
        writer.name(name)
        if let added = writer.item(stored: bytes) { size += added } else { isWhole = false }
      }
      image("Keys", parts.keys)
      image("NewImage", parts.new)
      image("OldImage", parts.old)
      return size
    }
    out = writer.bytes
    if !isWhole { throw RecordError("an image of the stored record does not decode") }
  }

  /// Appends the JSON of a record with both images, whatever the table's view type. `position` is where it stands in the log of `table`.
  package static func append(_ record: ChangeRecord, table: String, position: Position, to out: inout [UInt8]) {
    var writer = JSONWriter(continuing: out)
    out = []
    append(Head(record), table, position, to: &writer) { appendImages(record, .newAndOldImages, to: &$0) }
    out = writer.bytes
  }

  /// The record as GetRecords of DynamoDB Streams gives it, with the images that the stream shows.
  package static func append(
    _ record: ChangeRecord, view: StreamViewType, position: Position, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    appendMembers(Head(record), view, position, to: &writer) { appendImages(record, view, to: &$0) }
    writer.endObject()
  }

  /// What the JSON says beside keys and images.
  private struct Head {
    let kind: ChangeRecord.Kind
    let cause: ChangeRecord.Cause
    let time: LogTime
    let order: CommitOrder

    init(_ record: ChangeRecord) { (kind, cause, time, order) = (record.kind, record.cause, record.time, record.order) }

    init(_ parts: StoredRecord.Parts) { (kind, cause, time, order) = (parts.kind, parts.cause, parts.time, parts.order) }
  }

  /// `images` writes the members of keys and images, and answers their size.
  private static func append(
    _ head: Head, _ table: String, _ position: Position, to writer: inout JSONWriter, images: (inout JSONWriter) -> Int
  ) {
    writer.beginObject()
    appendMembers(head, .newAndOldImages, position, to: &writer, images: images)
    writer.member("tableName", table)
    writer.name("afterimage")
    writer.beginObject()
    writer.member("time", head.time.rawValue)
    writer.member("order", head.order.rawValue)
    writer.member("tableId", quoting: { Digits.append(hexadecimal: position.tableID.rawValue, to: &$0) })
    writer.member("partition", position.partition)
    writer.member("sequence", position.sequence.rawValue)
    writer.endObject()
    writer.endObject()
  }

  private static func appendMembers(
    _ head: Head, _ view: StreamViewType, _ position: Position, to writer: inout JSONWriter, images: (inout JSONWriter) -> Int
  ) {
    writer.member("eventID") { position.appendEventID(to: &$0) }
    writer.member("eventName", eventName(head.kind))
    writer.member("eventVersion", "1.1")
    writer.member("eventSource", "aws:dynamodb")
    writer.member("awsRegion", "us-east-1")
    if head.cause == .service {
      writer.name("userIdentity")
      writer.beginObject()
      writer.member("Type", "Service")
      writer.member("PrincipalId", serviceIdentity)
      writer.endObject()
    }
    writer.name("dynamodb")
    writer.beginObject()
    writer.member("ApproximateCreationDateTime", head.time.rawValue / 1000)
    let size = images(&writer)
    writer.member("SequenceNumber") { Position.appendStreamSequenceNumber(position.sequence, to: &$0) }
    writer.member("SizeBytes", size)
    writer.member("StreamViewType", view.rawValue)
    writer.endObject()
  }

  private static func appendImages(_ record: ChangeRecord, _ view: StreamViewType, to writer: inout JSONWriter) -> Int {
    let new = view == .newImage || view == .newAndOldImages ? record.newImage : nil
    let old = view == .oldImage || view == .newAndOldImages ? record.oldImage : nil
    writer.name("Keys")
    writer.item(record.keys)
    if let new {
      writer.name("NewImage")
      writer.item(new)
    }
    if let old {
      writer.name("OldImage")
      writer.item(old)
    }
    return record.keys.size + (old?.size ?? 0) + (new?.size ?? 0)
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

package import ChangeRecords
internal import DynamoModel

/// Where a table's relay stands: the one record that the companion topic keeps, written in the same transaction as the records that
/// it speaks of, so that a reader of committed messages sees both or neither.
///
/// A watermark holds for whoever has read through its partition's `sequence`. The place is named by sequence and not by offset because a
/// relay knows a sequence before the broker has answered.
package struct RelayState: Sendable, Equatable {
  package struct Partition: Sendable, Equatable {
    /// The last record published; 0 before the first.
    package var sequence: SequenceNumber
    /// No record after `sequence` has an earlier commit time. Zero where nothing is known.
    package var watermark: LogTime
    /// The last record of an earlier publication: a reader that stands after `sequence` but not after this waits until the relay has come so far.
    package var promised: SequenceNumber

    package init(sequence: SequenceNumber = .beforeAll, watermark: LogTime = .zero, promised: SequenceNumber = .beforeAll) {
      self.sequence = sequence
      self.watermark = watermark
      self.promised = promised
    }
  }

  package static let key: StaticString = "relay"
  private static let version = 3

  package var tableID: TableID
  /// Which relay wrote it: host, process and a random part.
  package var relay: String
  /// The records are published for the nth time: the number names their topic (`TopicNames.records`).
  package var publication: Int
  package var partitions: [Partition]

  package init(tableID: TableID, relay: String, publication: Int = 1, partitions: [Partition]) {
    self.tableID = tableID
    self.relay = relay
    self.publication = publication
    self.partitions = partitions
  }

  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("version", RelayState.version)
    writer.member("tableId", tableID.description)
    writer.member("relay", relay)
    writer.member("publication", publication)
    writer.name("partitions")
    writer.beginArray()
    for partition in partitions {
      writer.beginObject()
      writer.member("sequence", partition.sequence.rawValue)
      writer.member("watermark", partition.watermark.rawValue)
      if partition.promised > .beforeAll { writer.member("promised", partition.promised.rawValue) }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  /// The state from which everything is published again, into the next topic, from what the table's log still keeps: `firsts` are the first
  /// sequences that it has of each partition.
  package func republished(from firsts: [SequenceNumber]) -> RelayState {
    let again = zip(partitions, firsts).map { partition, first in
      Partition(sequence: first.previous, promised: max(partition.sequence, partition.promised))
    }
    return RelayState(tableID: tableID, relay: relay, publication: publication + 1, partitions: again)
  }

  /// Throws a sentence about what is wrong.
  package init(json bytes: [UInt8]) throws(RecordError) {
    let tape: JSONTape
    do throws(JSONError) { tape = try JSONTape(bytes) } catch { throw RecordError("it is not JSON: \(error)") }
    guard let version = tape.member(tape.root, "version"), let number = Int(tape.text(version)) else {
      throw RecordError("it has no version")
    }
    guard number == RelayState.version else {
      throw RecordError(
        "it has version \(number), this program reads version \(RelayState.version): use the afterimage that wrote it, or delete the topic and let the relay publish again"
      )
    }
    guard let life = tape.member(tape.root, "tableId"), tape.isString(life), let tableID = TableID(tape.string(life)),
      let relay = tape.member(tape.root, "relay"), tape.isString(relay), let list = tape.member(tape.root, "partitions"),
      tape.kind(list) == .array, let times = tape.member(tape.root, "publication"), let publication = Int(tape.text(times)),
      (1...TopicNames.publicationsMax).contains(publication)
    else { throw RecordError("a member is missing") }
    var partitions: [Partition] = []
    try tape.forEachElement(list) { (node) throws(RecordError) in
      guard let sequence = tape.member(node, "sequence").flatMap({ SequenceNumber(tape.text($0)) }),
        let watermark = tape.member(node, "watermark").flatMap({ Int64(tape.text($0)) })
      else { throw RecordError("a partition's sequence or watermark is missing") }
      let promised = tape.member(node, "promised").flatMap { SequenceNumber(tape.text($0)) }
      partitions.append(Partition(sequence: sequence, watermark: LogTime(rawValue: watermark), promised: promised ?? .beforeAll))
    }
    self.init(tableID: tableID, relay: tape.string(relay), publication: publication, partitions: partitions)
  }
}

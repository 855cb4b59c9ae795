internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// What an answer is true for: the positions and the time of the tables that feed what it reads.
struct Validity: Sendable {
  /// Of the lanes that feed what the answer reads.
  let places: [ReadPlace]
  /// The time below which all their records are in; nil while some lane has none.
  let time: Instant?

  /// Of the places of all lanes, those of these tables count.
  init(_ places: [ReadPlace], tables: Set<String>) {
    self.places = places.filter { tables.contains($0.table) }
    // Until a log knows a time it says zero.
    time = self.places.map(\.watermark).min().flatMap { $0 <= Instant(.zero) ? nil : $0 }
  }

  /// `time` as SQL has it, for `:now`.
  var now: String? { time.map { Timestamp.text($0) } }

  /// `position`: by table that feeds the answer the position of each partition; `time`: all their records earlier than this are in; `generation`.
  /// As members of an object that is open, separated by commas.
  func json(_ generation: Generation) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    append(generation, to: &writer)
    return Array(writer.bytes.dropFirst())
  }

  func append(_ generation: Generation, to writer: inout JSONWriter) {
    var byTable: [(table: String, positions: [Position])] = []
    for place in places {
      if byTable.last?.table == place.table {
        byTable[byTable.count - 1].positions.append(place.position)
      } else {
        byTable.append((place.table, [place.position]))
      }
    }
    writer.name("position")
    writer.beginObject()
    for (table, positions) in byTable {
      writer.name(text: table)
      writer.array(positions) { $0.string($1.description) }
    }
    writer.endObject()
    writer.name("time")
    if let time { writer.string(Timestamp.text(time)) } else { writer.null() }
    writer.member("generation", generation.number)
  }
}

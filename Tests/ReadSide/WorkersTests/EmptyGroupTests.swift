import DynamoModel
import PipelineFiles
import Pipelines
import ReadModels
import SQLite
import SQLiteReadModels
import StoreTestKit
import TableStore
import Testing
import Workers

/// A group that is empty for a while, in one order of the lanes and not in another.
@Suite struct EmptyGroupTests {
  static let yaml = """
    pipeline: rooms
    tables: { Visits: { key: { partition: visitor string } } }
    items: { visit: { in: Visits, match: { visitor: "{name}" }, fields: { room: room } } }
    projections: { rooms: { aggregate: [room], of: visit, columns: { visitors: count } } }
    """

  /// Every pair of visitors: the first comes, the second comes, the first goes.
  private func rows(partitions: Int) async throws -> [String] {
    let directory = TemporaryDirectory()
    let time = ManualTime(wall: 1_700_000_000_000)
    let store = try TableStore(path: directory.path, options: .init(time: time))
    defer { store.close() }
    let key = KeySchema(partition: KeyAttribute(name: "visitor", type: .string), sort: nil)
    _ = try store.createTable(TableDefinition(name: "Visits", key: key, partitions: partitions))
    for pair in 0..<20 {
      for name in ["a\(pair)", "b\(pair)"] {
        try await store.put("Visits", ["visitor": .string(name), "room": .string("room \(pair)")])
        time.advance(1_000)
      }
      try await store.delete("Visits", ["visitor": .string("a\(pair)")])
      time.advance(1_000)
    }
    let pipeline = try PipelineLoader.load(text: Array(Self.yaml.utf8), file: "pipeline.yaml")
    let path = directory.path + ".db"
    var replay = Replay(
      store: try SQLiteGeneration(path: path, pipeline: pipeline), logs: [EmbeddedLog(store, table: "Visits")], checkpointEvery: 1
    )
    try await replay.catchUp()
    let select = try Connection(path: path, options: .readOnly).prepare("SELECT room, visitors, _at FROM rooms ORDER BY room")
    var rows: [String] = []
    while try select.step() { rows.append((0..<3).map { select.text($0) ?? "" }.joined(separator: " ")) }
    return rows
  }

  @Test func `a group that was empty between two lanes has the time of its last record all the same`() async throws {
    let one = try await rows(partitions: 1)
    #expect(one.count == 20)
    for partitions in [2, 3, 8] { #expect(try await rows(partitions: partitions) == one, "\(partitions) partitions") }
  }
}

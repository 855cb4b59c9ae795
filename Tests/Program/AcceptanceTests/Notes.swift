import Foundation
import RocksDB
import Testing

/// A table of notes with one note in it, and the server that took it.
struct Notes {
  static let pipeline = """
    pipeline: notes
    about: Notes.
    tables:
      Notes: { key: { partition: id string } }
    items:
      note: { in: Notes, match: { id: "{id}" }, fields: { text: Text } }
    projections:
      notes: { collection: note, key: [id], columns: [text] }
    queries:
      all: { sql: "SELECT id, text FROM notes" }
    """

  let folder: TestFolder
  let server: DevProcess
  let position: String

  init() async throws {
    folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    server = try await DevProcess.start(data: folder.file("data"), pipelines: [folder.file("notes")])
    let put = try await Program.run("table", "put", "Notes", "id=first", "Text=hello", "--endpoint", server.tables)
    #expect(put.status == 0, "\(put)")
    position = put.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
  }

  /// A start that is expected to fail.
  func start() async throws -> Program.Outcome {
    try await Program.run("dev", "--data", folder.file("data"), "--port", "0", "--page-port", "0", "-p", folder.file("notes"))
  }

  func holds(_ id: String) async throws {
    let server = try await DevProcess.start(data: folder.file("data"), pipelines: [folder.file("notes")])
    let got = try await Program.run("table", "get", "Notes", "id=\(id)", "--endpoint", server.tables)
    #expect(got.output.contains("hello"), "\(got)")
    _ = await server.stop()
  }

  func setStoreVersion(_ version: UInt8) throws {
    let families = ["meta", "items", "index", "log"].map {
      Database.Family(name: $0, pointReads: true, writeBufferBytes: 1 << 20)
    }
    let database = try Database(path: folder.file("data/tables"), families: families, blockCacheBytes: 1 << 20)
    var batch = WriteBatch(database)
    batch.put(0, Array("V".utf8), [version])
    try database.write(batch, sync: true)
    database.close()
  }
}

import ChangeLog
import DynamoModel
import Foundation
import RecordLiteralTestKit
import StoreTestKit
import TableStore
import SQLite
import Testing

/// Pipelines, data directories and databases that cannot be used: the error is clear, and nothing is lost or half done.
@Suite(.timeLimit(.minutes(1))) struct BadInputTests {
  struct Change: Sendable, CustomStringConvertible {
    let from: String
    let to: String
    let errors: [String]

    var description: String { to }
  }

  static let changes = [
    Change(from: "columns: [text]", to: "columns: [txt]", errors: ["pipeline.yaml:8:", "txt", "text"]),
    Change(
      from: "fields: { text: Text }", to: "fields: { text: Text }, feilds: {}", errors: ["pipeline.yaml:6:", "feilds", "fields"]),
    Change(from: "items:", to: "  Notes: { key: { partition: id string } }\nitems:", errors: ["pipeline.yaml:5:", "Notes"]),
    Change(from: "in: Notes", to: "in: Note", errors: ["pipeline.yaml:6:", "Note", "Notes"]),
    Change(from: "collection: note", to: "collection: nota", errors: ["pipeline.yaml:8:", "nota", "note"]),
    Change(from: "partition: id string", to: "partition: id strin", errors: ["pipeline.yaml:4:", "strin", "string"]),
    Change(from: "pipeline: notes", to: "pipeline: [", errors: ["pipeline.yaml:"]),
    Change(from: "SELECT id, text", to: "SELECT nothing", errors: ["pipeline.yaml:10:", "nothing"]),
  ]

  @Test(arguments: changes) func `a wrong pipeline is refused with its line, and nothing is started or made`(_ change: Change)
    async throws
  {
    let folder = try TestFolder()
    #expect(Notes.pipeline.contains(change.from))
    try folder.write("notes/pipeline.yaml", Notes.pipeline.replacingOccurrences(of: change.from, with: change.to))
    let check = try await Program.run("pipeline", "check", folder.file("notes"))
    #expect(check.status == 3, "\(check)")
    for error in change.errors { #expect(check.output.contains(error), "\(check)") }
    let dev = try await Program.run(
      "dev", "--data", folder.file("data"), "--port", "0", "--page-port", "0", "-p", folder.file("notes"))
    #expect(dev.status == 1, "\(dev)")
    for error in change.errors { #expect(dev.errors.contains(error), "\(dev)") }
    #expect(!FileManager.default.fileExists(atPath: folder.file("data/tables")))
  }

  @Test func `the pipeline that the others are made from is right`() async throws {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let check = try await Program.run("pipeline", "check", folder.file("notes"))
    #expect(check.status == 0, "\(check)")
  }

  @Test func `two pipelines of one name, and a folder without one`() async throws {
    let folder = try TestFolder()
    try folder.write("one/pipeline.yaml", Notes.pipeline)
    try folder.write("two/pipeline.yaml", Notes.pipeline)
    let twice = try await Program.run(
      "dev", "--data", folder.file("data"), "--port", "0", "--page-port", "0", "-p", folder.file("one"), "-p", folder.file("two"))
    #expect(twice.status == 1 && twice.errors.contains("two of the pipelines given are called notes"), "\(twice)")
    let none = try await Program.run(
      "dev", "--data", folder.file("data"), "--port", "0", "--page-port", "0", "-p", folder.file("three"))
    #expect(none.status == 1 && none.errors.contains("there is no such pipeline folder or file"), "\(none)")
  }

  @Test func `a table whose key is another is refused, and keeps its items`() async throws {
    let scene = try await Notes()
    _ = await scene.server.stop()
    try scene.folder.write("notes/pipeline.yaml", Notes.pipeline.replacingOccurrences(of: "id string", with: "id integer"))
    let other = try await scene.start()
    #expect(other.status == 1, "\(other)")
    try scene.folder.write("notes/pipeline.yaml", Notes.pipeline)
    try await scene.holds("first")
  }

  @Test func `tables written by a newer version are not touched`() async throws {
    let scene = try await Notes()
    _ = await scene.server.stop()
    try scene.setStoreVersion(9)
    let refused = try await scene.start()
    #expect(refused.status == 1, "\(refused)")
    #expect(
      refused.errors.contains("was written by a newer afterimage (format 9; this one reads format 2): use that version"),
      "\(refused)")
    try scene.setStoreVersion(2)
    try await scene.holds("first")
  }

  @Test func `a read model written by a newer version is not served as if it were ours`() async throws {
    let scene = try await Notes()
    _ = await scene.server.stop()
    let current = scene.folder.file("data/read-models/notes/current.db")
    let newer = try Connection(path: current)
    try newer.execute("UPDATE _meta SET value = '99' WHERE key = 'version'")
    newer.close()
    let doctor = try await Program.run("doctor", "--data", scene.folder.file("data"), "--endpoint", "http://127.0.0.1:1")
    #expect(doctor.status == 3 && doctor.output.contains("has format 99"), "\(doctor)")
    // The pipeline stands still and says so; tables are served all the same.
    let standing = try await DevProcess.start(data: scene.folder.file("data"), pipelines: [scene.folder.file("notes")])
    let command = "afterimage pipeline rebuild notes --data \(scene.folder.file("data"))"
    let line = await standing.child.errorLine(containing: "pipeline stopped")
    #expect(line?.contains("has read model format 99") == true && line?.contains(command) == true, "\(line ?? "")")
    let put = try await Program.run("table", "put", "Notes", "id=more", "Text=x", "--endpoint", standing.tables)
    #expect(put.status == 0, "\(put)")
    #expect(await standing.stop() == 0)
    let rebuild = try await Program.run("pipeline", "rebuild", "notes", "--data", scene.folder.file("data"))
    #expect(rebuild.status == 0 && rebuild.output == "the next start rebuilds notes from the log\n", "\(rebuild)")
    let server = try await DevProcess.start(data: scene.folder.file("data"), pipelines: [scene.folder.file("notes")])
    let held = try await Program.run("pipeline", "rebuild", "notes", "--data", scene.folder.file("data"))
    #expect(held.status == 1 && held.errors.contains("is in use by another afterimage process"), "\(held)")
    let rows = try await Program.run(
      "query", "notes", "all", "--server", server.page, "--at-least", scene.position)
    #expect(rows.status == 0 && rows.output.contains("hello"), "\(rows)")
    #expect(await server.stop() == 0)
    let none = try await Program.run("pipeline", "rebuild", "nots", "--data", scene.folder.file("data"))
    #expect(none.status == 1 && none.errors.contains("has no read model of nots; there are: notes"), "\(none)")
  }

  @Test func `a data directory that is a file, or that takes no files, is named`() async throws {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    try folder.write("data", "a file")
    for (data, error) in [
      (folder.file("data"), "the data directory"), ("/proc/self", "the data directory /proc/self cannot be written"),
    ] {
      let refused = try await Program.run("dev", "--data", data, "--port", "0", "--page-port", "0", "-p", folder.file("notes"))
      #expect(refused.status == 1 && refused.errors.contains(error) && refused.errors.contains("--data"), "\(refused)")
    }
    #expect(try String(contentsOfFile: folder.file("data"), encoding: .utf8) == "a file")
  }

  @Test func `a log that was trimmed past the worker's position stops the lane, and what was committed stays`() async throws {
    let scene = try await Notes()
    let rows = try await Program.run("query", "notes", "all", "--server", scene.server.page, "--at-least", scene.position)
    #expect(rows.status == 0 && rows.output.contains("first"), "\(rows)")
    _ = await scene.server.stop()
    // Two more notes while no worker runs, and an hour later everything is past the retention.
    let time = ManualTime(wall: Int64(Date().timeIntervalSince1970 * 1000))
    let store = try TableStore(
      path: scene.folder.file("data/tables"),
      options: .init(retention: 60_000, time: time, sweepInterval: .milliseconds(10)))
    for id in ["second", "third"] { try await store.put("Notes", ["id": .string(id), "Text": .string("hello")]) }
    time.advance(3_600_000)
    let log = EmbeddedLog(store, table: "Notes")
    let end = ContinuousClock.now + .seconds(20)
    while try await log.bounds(partition: 0).first < 4, ContinuousClock.now < end { await Task.yield() }
    #expect(try await log.bounds(partition: 0).first == 4)
    store.close()
    let server = try await DevProcess.start(data: scene.folder.file("data"), pipelines: [scene.folder.file("notes")])
    var doctor = try await Program.run(
      "doctor", "--data", scene.folder.file("data"), "--endpoint", server.tables, "--server", server.page)
    while doctor.status == 0, ContinuousClock.now < end {
      doctor = try await Program.run(
        "doctor", "--data", scene.folder.file("data"), "--endpoint", server.tables, "--server", server.page)
    }
    #expect(doctor.status == 3, "\(doctor)")
    #expect(
      doctor.output.contains("record 2 is no longer kept, the log begins at 4: what was trimmed cannot be applied"), "\(doctor)")
    let kept = try await Program.run("query", "notes", "all", "--server", server.page)
    #expect(kept.status == 0 && kept.output.contains("first") && !kept.output.contains("second"), "\(kept)")
    for id in ["first", "second", "third"] {
      let item = try await Program.run("table", "get", "Notes", "id=\(id)", "--endpoint", server.tables)
      #expect(item.status == 0 && item.output.contains("hello"), "\(item)")
    }
    #expect(await server.stop() == 0)
  }
}

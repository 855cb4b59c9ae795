import Foundation
import ReadModels
import SQLiteReadModels
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A pipeline file that is edited between two starts, and a read model that is built again on demand.
@Suite(.timeLimit(.minutes(1))) struct GenerationTests {
  /// The notes with one more column.
  static let edited = Notes.pipeline.replacingOccurrences(
    of: "{ text: Text }", with: "{ text: Text, size: Size integer optional }"
  )
  .replacingOccurrences(of: "columns: [text]", with: "columns: [text, size]")
  .replacingOccurrences(of: "SELECT id, text FROM notes", with: "SELECT id, text, size FROM notes")

  struct Answer: Decodable {
    let generation: Int
    let columns: [String]
    let rows: [[Cell]]

    enum Cell: Decodable {
      case text(String)
      case number(Int)
      case null

      init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
          self = .null
        } else if let number = try? value.decode(Int.self) {
          self = .number(number)
        } else {
          self = .text(try value.decode(String.self))
        }
      }
    }
  }

  private func ask(_ server: DevProcess, _ query: String) async throws -> Answer? {
    let address = try #require(URL(string: server.page + "/v1/pipelines/notes/queries/" + query))
    let (data, response) = try await URLSession.shared.data(from: address)
    // 503 says that the server has just been started.
    guard (response as? HTTPURLResponse)?.statusCode == 200 else { return nil }
    return try JSONDecoder().decode(Answer.self, from: data)
  }

  /// Notes with many items, stopped, and the pipeline file `edited`.
  private func prepared(_ count: Int, edited: String = GenerationTests.edited) async throws -> Notes {
    let scene = try await Notes()
    try scene.folder.write("notes.tsv", "id\ttext\n" + (1..<count).map { "n\($0)\ttext \($0)\n" }.joined())
    let loaded = try await Program.run(
      Program.path,
      ["table", "import", "Notes", "notes.tsv", "--set", "id={id}", "--set", "Text={text}", "--endpoint", scene.server.tables],
      in: scene.folder.path)
    #expect(loaded.status == 0, "\(loaded)")
    let end = ContinuousClock.now + GenerationTests.waitMax
    while try await ask(scene.server, "all")?.rows.count != count {
      try #require(ContinuousClock.now < end, "the notes are not in the read model yet")
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(await scene.server.stop() == 0)
    try scene.folder.write("notes/pipeline.yaml", edited)
    return scene
  }

  /// How long a fact is waited for.
  private static let waitMax = Duration.seconds(60)

  private func start(_ scene: Notes, program: String = Program.path) async throws -> DevProcess {
    try await DevProcess.start(data: scene.folder.file("data"), pipelines: [scene.folder.file("notes")], program: program)
  }

  /// Asks until the second generation answers; whichever answers has all the rows.
  private func untilSecond(_ server: DevProcess, _ count: Int, added: [String] = ["size"]) async throws -> Answer {
    let end = ContinuousClock.now + GenerationTests.waitMax
    while true {
      try #require(ContinuousClock.now < end, "the second generation does not answer yet")
      if let answer = try await ask(server, "all") {
        #expect(answer.rows.count == count, "generation \(answer.generation) is not whole")
        #expect(answer.columns == (answer.generation == 1 ? ["id", "text"] : ["id", "text"] + added))
        if answer.generation != 1 { return answer }
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  @Test func `an edited pipeline is built beside the one that serves, and takes its place whole`() async throws {
    let count = 5_000
    let scene = try await prepared(count)
    let server = try await start(scene)
    let line = try #require(
      await server.child.errorLine(containing: "a new generation is being built, the current one serves until then"))
    #expect(line.contains("pipeline=notes current=1 new=2"), "\(line)")
    #expect(try await untilSecond(server, count).generation == 2)
    let put = try await Program.run("table", "put", "Notes", "id=last", "Text=x", "Size:N=7", "--endpoint", server.tables)
    let position = put.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
    #expect(try await ask(server, "all?at_least=\(position)")?.rows.count == count + 1)
    #expect(await server.stop() == 0)
    let current = try FileManager.default.destinationOfSymbolicLink(
      atPath: scene.folder.file("data/read-models/notes/current.db"))
    #expect(current == "generation-0002/read-model.db")
    #expect(FileManager.default.fileExists(atPath: scene.folder.file("data/read-models/notes/generation-0001/read-model.db")))
    // Nothing has changed since: nothing is built.
    let again = try await start(scene)
    #expect(try await untilSecond(again, count + 1).generation == 2)
    #expect(await again.stop() == 0)
    #expect(!again.child.errors.contains("new generation"), "\(again.child.errors)")
  }

  @Test func `another version with another layout serves what is there while it builds its own, and so does the way back`()
    async throws
  {
    let count = 5_000
    let scene = try await prepared(count, edited: Notes.pipeline)
    let number = ReadModelStores.sqlite.layout.number
    let next = try await Program.withNextLayout(of: "SQLite", number: number, in: scene.folder)
    let server = try await start(scene, program: next)
    let line = try #require(
      await server.child.errorLine(containing: "the old generation cannot be updated here: it serves as it is"))
    #expect(line.contains("format \(number), this program writes format \(number + 1)"), "\(line)")
    #expect(try await untilSecond(server, count, added: []).generation == 2)
    #expect(await server.stop() == 0)
    let back = try await start(scene)
    #expect(try await untilSecond(back, count, added: []).generation == 3)
    #expect(await back.stop() == 0)
  }

  @Test func `what is rebuilt is the file as it is at that moment, or nothing where that has mistakes`() async throws {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let server = try await DevProcess.serve(["--data", folder.file("data"), "--health-port", "0", "-p", folder.file("notes")])
    let put = try await Program.run("table", "put", "Notes", "id=a", "Text=x", "Size:N=7", "--endpoint", server.tables)
    #expect(put.status == 0, "\(put)")
    // Files are looked at twice a second: these edits are asked for before.
    try folder.write(
      "notes/pipeline.yaml", GenerationTests.edited.replacing("columns: [text, size]", with: "columns: [text, weight]"))
    let refused = try await Program.run("pipeline", "rebuild", "notes", "--server", server.page)
    #expect(
      refused.status == 1 && refused.errors.contains("the pipeline file cannot be built, the previous version stays in use"),
      "\(refused)")
    #expect(refused.errors.contains("weight"), "\(refused)")
    try folder.write("notes/pipeline.yaml", GenerationTests.edited)
    let built = try await Program.run("pipeline", "rebuild", "notes", "--server", server.page)
    #expect(built.status == 0, "\(built)")
    #expect(try await untilSecond(server, 1).generation == 2)
    #expect(await server.stop() == 0, "\(server.child.errors)")
  }

  @Test func `an edited query is used at once, and lanes go on as they are`() async throws {
    let scene = try await Notes()
    #expect(try await ask(scene.server, "all?at_least=\(scene.position)")?.rows.count == 1)
    func starts() async throws -> Int {
      let metrics = try await Program.run("/usr/bin/env", ["curl", "-s", scene.server.page + "/metrics"]).output
      let line = metrics.split(separator: "\n").first { $0.hasPrefix("afterimage_lane_starts_total{") }
      return line?.split(separator: " ").last.flatMap { Int($0) } ?? -1
    }
    let before = try await starts()
    #expect(before > 0)
    try scene.folder.write("notes/pipeline.yaml", Notes.pipeline + "\n  added: { sql: SELECT id FROM notes }\n")
    let end = ContinuousClock.now + GenerationTests.waitMax
    while try await ask(scene.server, "added")?.rows.count != 1 {
      guard ContinuousClock.now < end else { return #expect(Bool(false), "\(scene.server.child.errors)") }
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try await starts() == before)
    #expect(await scene.server.stop() == 0)
  }

  @Test func `a build that is killed goes on at the next start`() async throws {
    let count = 5_000
    let scene = try await prepared(count)
    let first = try await start(scene)
    _ = await first.child.errorLine(containing: "a new generation is being built")
    await first.kill()
    let second = try await start(scene)
    #expect(try await untilSecond(second, count).generation == 2)
    #expect(await second.stop() == 0)
  }

  @Test func `a table that is deleted and created again begins a new generation by itself`() async throws {
    let scene = try await Notes()
    var server = scene.server
    for life in 1...2 {
      let deleted = try await Program.run("table", "delete", "Notes", "--endpoint", server.tables)
      #expect(deleted.status == 0, "\(deleted)")
      _ = await server.child.errorLine(containing: "the table was deleted here")
      if life == 1 {
        let made = try await Program.run("table", "create", "--key", "id:S", "Notes", "--endpoint", server.tables)
        #expect(made.status == 0, "\(made)")
      } else {
        // A start makes the table that its pipeline declares.
        #expect(await server.stop() == 0)
        server = try await start(scene)
      }
      let put = try await Program.run("table", "put", "Notes", "id=new\(life)", "Text=x", "--endpoint", server.tables)
      let position = put.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
      let end = ContinuousClock.now + GenerationTests.waitMax
      while try await ask(server, "all?at_least=\(position)")?.rows.count != 1 {
        try #require(ContinuousClock.now < end, "the new table's item is not in the read model: \(server.child.errors)")
      }
      #expect(try await ask(server, "all")?.generation == life + 1)
    }
    #expect(await server.stop() == 0)
  }
}

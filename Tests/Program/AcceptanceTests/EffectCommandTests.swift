import Foundation
import ReadModels
import SQLiteReadModels
import Testing

/// Effects as operators meet them: what waits, what is held back, what goes.
@Suite(.timeLimit(.minutes(1))) struct EffectCommandTests {
  private static func pipeline(_ effect: String) -> String {
    """
    pipeline: left
    tables: { Docs: { key: { partition: id string } } }
    items: { doc: { in: Docs, match: { id: "{id}" }, fields: { text: Text } } }
    projections:
      live: { session: doc, key: [id], touch: changed(text), gap: 1s }
    effects:
      \(effect): { each: live expired, delete: item }
    """
  }

  private struct Scene {
    let folder: TestFolder
    let server: DevProcess

    init() async throws {
      folder = try TestFolder()
      try folder.write("left/pipeline.yaml", EffectCommandTests.pipeline("first"))
      server = try await DevProcess.start(data: folder.file("data"), pipelines: [folder.file("left")])
    }

    /// Where it was, under another version of the program.
    init(_ folder: TestFolder, program: String) async throws {
      self.folder = folder
      server = try await DevProcess.start(data: folder.file("data"), pipelines: [folder.file("left")], program: program)
    }

    func effect(_ words: String...) async throws -> String {
      let outcome = try await Program.run(Program.path, ["effect"] + words + ["--server", server.page], in: folder.path)
      #expect(outcome.status == 0, "\(outcome)")
      return outcome.output
    }

    func put(_ id: String, _ text: String) async throws {
      let outcome = try await Program.run("table", "put", "Docs", "id=\(id)", "Text=\(text)", "--endpoint", server.tables)
      #expect(outcome.status == 0, "\(outcome)")
    }

    func has(_ id: String) async throws -> Bool {
      try await Program.run("table", "get", "Docs", "id=\(id)", "--endpoint", server.tables).status == 0
    }

    func wait(_ what: String, _ isSo: () async throws -> Bool) async throws {
      let end = ContinuousClock.now + .seconds(20)
      while try await !isSo() {
        try #require(ContinuousClock.now < end, "\(what)")
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  @Test func `effects of a name are held back, listed, discarded one by one, and go on`() async throws {
    let scene = try await Scene()
    #expect(try await scene.effect("pause", "left", "first").contains("paused"))
    try await scene.put("a", "x")
    try await scene.put("b", "x")
    try await scene.wait("two effects wait") { try await scene.effect("list", "left").contains("2 rows") }
    for id in ["a", "b"] { #expect(try await scene.has(id)) }
    let listed = try await scene.effect("list", "left")
    #expect(listed.contains("paused: first") && listed.contains("pending"), "\(listed)")
    let first = try #require(listed.split(separator: "\n").first { $0.contains("{\"S\":\"a\"}") })
    let id = try #require(first.split(separator: " ").first.map(String.init))
    for word in ["retry", "discard"] {
      let unknown = try await Program.run("effect", word, "left", id, "--server", scene.server.page)
      #expect(unknown.status == 1 && unknown.errors.contains("there is no effect `\(id)`; there are: first"), "\(unknown)")
    }
    #expect(try await scene.effect("discard", "left", "first", "--id", id).contains("1 effect"))
    #expect(try await scene.effect("resume", "left", "first").contains("goes on"))
    try await scene.wait("the other one is carried out") { try await !scene.has("b") }
    #expect(try await scene.has("a"))
    #expect(await scene.server.stop() == 0)
  }

  @Test func `what was discarded, and what waits, is so in a generation of another layout`() async throws {
    let scene = try await Scene()
    _ = try await scene.effect("pause", "left", "first")
    for id in ["a", "b"] { try await scene.put(id, "x") }
    try await scene.wait("two effects wait") { try await scene.effect("list", "left").contains("2 rows") }
    let line = try await scene.effect("list", "left").split(separator: "\n").first { $0.contains("{\"S\":\"a\"}") }
    let id = try #require(line?.split(separator: " ").first.map(String.init))
    _ = try await scene.effect("discard", "left", "first", "--id", id)
    #expect(await scene.server.stop() == 0)
    let next = try await Program.withNextLayout(of: "SQLite", number: ReadModelStores.sqlite.layout.number, in: scene.folder)
    let later = try await Scene(scene.folder, program: next)
    _ = try #require(await later.server.child.errorLine(containing: "the new generation is current"))
    // The new generation has derived both again; the old one's word holds.
    try await later.wait("one waits") { try await later.effect("list", "left").contains("1 row") }
    _ = try await later.effect("resume", "left", "first")
    try await later.wait("the other one is carried out") { try await !later.has("b") }
    #expect(try await later.has("a"))
    #expect(await later.server.stop() == 0)
  }

  @Test func `what waits for an effect that has left the file goes, and holds nothing else back`() async throws {
    let scene = try await Scene()
    _ = try await scene.effect("pause", "left", "first")
    try await scene.put("a", "x")
    try await scene.wait("an effect waits") { try await scene.effect("list", "left").contains("1 row") }
    try scene.folder.write("left/pipeline.yaml", Self.pipeline("second"))
    try await scene.wait("it is dropped") {
      // For a moment the pipeline is starting with the new file, and says so.
      let listed = try await Program.run("effect", "list", "left", "--server", scene.server.page)
      return listed.status == 0 && listed.output.contains("0 rows")
    }
    #expect(try await scene.has("a"))
    try await scene.put("a", "y")
    try await scene.wait("the new effect is carried out on the same item") { try await !scene.has("a") }
    #expect(await scene.server.stop() == 0)
  }
}

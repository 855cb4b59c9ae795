import Foundation
import PostgresTestKit
import Testing

/// A server that was killed and whose write-ahead log was damaged afterwards: the refusal, what a recovery would cost, and the recovery.
@Suite(.timeLimit(.minutes(1))) struct RecoverTests {
  @Test func `a damaged write-ahead log is refused by name, and recovered only when asked for`() async throws {
    let scene = try await Notes()
    let data = scene.folder.file("data")
    try scene.folder.write("notes.tsv", "id\ttext\n" + (0..<2_000).map { "n\($0)\tnote number \($0)\n" }.joined())
    let loaded = try await Program.run(
      Program.path,
      ["table", "import", "Notes", "notes.tsv", "--set", "id={id}", "--set", "Text={text}", "--endpoint", scene.server.tables],
      in: scene.folder.path)
    #expect(loaded.status == 0, "\(loaded)")
    let put = try await Program.run("table", "put", "Notes", "id=end", "Text=x", "--endpoint", scene.server.tables)
    let position = put.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
    let query = try await Program.run("query", "notes", "all", "--server", scene.server.page, "--at-least", position)
    #expect(query.status == 0, "\(query)")
    await scene.server.kill()

    let none = try await Program.run("table", "recover", "--up-to-damage", "--data", data)
    #expect(none.status == 0 && none.output.contains("is not damaged: nothing to do"), "\(none)")
    let fine = try await Program.run("doctor", "--data", data)
    #expect(fine.output.contains("their write-ahead log is not damaged"), "\(fine)")
    let file = try damage(data)

    let doctor = try await Program.run("doctor", "--data", data)
    #expect(doctor.status == 3 && doctor.output.contains("\(file) is damaged at byte "), "\(doctor)")
    let refused = try await scene.start()
    #expect(refused.status == 1 && refused.errors.contains("\(file) is damaged at byte "), "\(refused)")
    #expect(refused.errors.contains("afterimage table recover --up-to-damage --data \(data)"), "\(refused)")
    #expect(try await Program.run("table", "recover", "--data", data).status == 2)
    let shown = try await Program.run("table", "recover", "--up-to-damage", "--data", data)
    #expect(shown.status == 3 && shown.output.contains("would be lost: at least "), "\(shown)")
    #expect(shown.output.contains("kept: Notes partition 0 through record "), "\(shown)")
    #expect(shown.output.contains("read model notes has applied Notes partition 0 through record 2002: "), "\(shown)")
    #expect(try await scene.start().status == 1)

    let done = try await Program.run("table", "recover", "--up-to-damage", "--yes", "--data", data)
    #expect(done.status == 0 && done.output.contains("the next start rebuilds the read models: notes"), "\(done)")
    let server = try await DevProcess.start(data: data, pipelines: [scene.folder.file("notes")])
    let again = try await Program.run("table", "put", "Notes", "id=again", "Text=x", "--endpoint", server.tables)
    let new = again.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
    #expect(new.split(separator: ":").first != position.split(separator: ":").first)
    let rows = try await Program.run("query", "notes", "all", "--server", server.page, "--at-least", new, "-o", "json")
    let scanned = try await Program.run("table", "scan", "Notes", "--limit", "10000", "-o", "json", "--endpoint", server.tables)
    let items = scanned.output.split(separator: "\n").count
    #expect(rows.status == 0 && items > 1 && items < 2_002)
    #expect(
      rows.output.components(separatedBy: "note number").count == scanned.output.components(separatedBy: "note number").count)
    let verified = try await Program.run("table", "verify", "--endpoint", server.tables)
    #expect(verified.status == 0, "\(verified)")
    #expect(await server.stop() == 0)
  }

  /// Flips a bit in the newest write-ahead log of the tables; the file's path.
  private func damage(_ data: String) throws -> String {
    let log = try #require(
      try FileManager.default.contentsOfDirectory(atPath: data + "/tables").filter { $0.hasSuffix(".log") }.sorted().last)
    let file = data + "/tables/" + log
    var bytes = try Data(contentsOf: URL(filePath: file))
    bytes[bytes.count * 2 / 3] ^= 16
    try bytes.write(to: URL(filePath: file))
    return file
  }

  @Test(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
  func `read models in a database begin again with the tables that were recovered`() async throws {
    let cluster = try PostgresCluster.shared()
    let url = cluster.url(try cluster.makeDatabase(), password: PostgresCluster.password)
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let data = folder.file("data")
    var server = try await PostgresScene.start(folder, url)
    for number in 0..<20 { try await PostgresScene.put("n\(number)", server) }
    func shown() async throws -> Set<String> {
      let answer = try await Program.run("query", "notes", "all", "--server", server.page, "-o", "json")
      return Set(answer.output.split(separator: "\"").map(String.init).filter { $0.hasPrefix("n") && Int($0.dropFirst()) != nil })
    }
    func wait(_ words: String, _ isSo: (Set<String>) -> Bool) async throws {
      let end = ContinuousClock.now + PostgresScene.waitMax
      while !isSo(try await shown()) {
        try #require(ContinuousClock.now < end, "\(words)\n\(server.child.errors)")
        try await Task.sleep(for: .milliseconds(50))
      }
    }
    try await wait("all notes") { $0.count == 20 }
    await server.kill()
    _ = try damage(data)
    let recover = ["table", "recover", "--up-to-damage", "--data", data, "--read-models", url]
    let asked = try await Program.run(Program.path, recover)
    #expect(
      asked.status == 3 && asked.output.contains("read model notes has applied Notes partition 0 through record 20: "), "\(asked)"
    )
    let done = try await Program.run(Program.path, recover + ["--yes"])
    #expect(done.status == 0 && done.output.contains("the next start rebuilds the read models: notes"), "\(done)")
    server = try await PostgresScene.start(folder, url)
    let scan = try await Program.run("table", "scan", "Notes", "--limit", "100", "-o", "json", "--endpoint", server.tables)
    let kept = scan.output.components(separatedBy: "hello").count - 1
    #expect(kept < 20 && kept > 0, "\(scan)")
    try await wait("the notes that are kept") { $0.count == kept }
    #expect(await server.stop() == 0)
  }
}

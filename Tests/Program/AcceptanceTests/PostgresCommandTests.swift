import Foundation
import FoundationNetworking
import Postgres
import PostgresTestKit
import Testing

/// Commands that look at read models in PostgreSQL, or have them rebuilt.
@Suite(.timeLimit(.minutes(2)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct PostgresCommandTests {
  /// The status and the text of the answer to a named query.
  private func ask(_ server: DevProcess) async throws -> (status: Int, text: String) {
    let address = try #require(URL(string: server.page + "/v1/pipelines/notes/queries/all"))
    let (data, response) = try await URLSession.shared.data(from: address)
    return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
  }

  private func wait(_ what: String, _ server: DevProcess, until holds: (Int, String) -> Bool) async throws {
    let end = ContinuousClock.now + PostgresScene.waitMax
    while true {
      let (status, text) = try await ask(server)
      if holds(status, text) { return }
      try #require(ContinuousClock.now < end, "\(what): \(status) \(text)\n\(server.child.output)\(server.child.errors)")
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  @Test func `digest and rebuild take a database, and a query says when it is away`() async throws {
    let cluster = try PostgresCluster()
    let url = cluster.url(password: PostgresCluster.password)
    let folder = try TestFolder()
    let texts = "  which: { sql: { sqlite: SELECT sqlite_version() AS v, postgres: SELECT version() AS v } }"
    try folder.write("notes/pipeline.yaml", Notes.pipeline + "\n" + texts + "\n")
    var server = try await PostgresScene.start(folder, url)
    for id in ["first", "second"] { try await PostgresScene.put(id, server) }
    try await wait("both", server) { $1.contains("second") && $1.contains("\"generation\":1") }
    let digest = try await Program.run("pipeline", "digest", "notes", "--read-models", url)
    #expect(digest.status == 0 && digest.output.contains("all of notes  2 rows  "), "\(digest)")
    let unknown = try await Program.run("pipeline", "digest", "other", "--read-models", url)
    #expect(
      unknown.status == 1 && unknown.errors.contains("the database has no read model of other; there are: notes"), "\(unknown)")
    let lone = try await Program.run("pipeline", "digest", "notes", "--read-models-password-file", "x")
    #expect(lone.status == 2 && lone.errors.contains("--read-models-password-file goes with --read-models"), "\(lone)")
    let empty = try await Program.run("pipeline", "rebuild", "notes", "--read-models", "")
    #expect(empty.status == 2 && empty.errors.contains("--read-models takes a URL"), "\(empty)")
    // Of a query with two texts the database's is asked.
    let which = try await Program.run("query", "notes", "which", "--server", server.page)
    #expect(which.status == 0 && which.output.contains("PostgreSQL 15"), "\(which)")
    let both = try await Program.run("pipeline", "rebuild", "notes", "--read-models", url, "--data", folder.file("data"))
    #expect(both.status == 2 && both.errors.contains("--data and --read-models are two places"), "\(both)")

    // The database goes away and comes back.
    cluster.kill()
    try await wait("away", server) {
      $0 == 503 && $1.contains("Unavailable") && $1.contains("cannot be reached: ") && !$1.contains("\\t")
    }
    try cluster.start()
    try await wait("back", server) { status, _ in status == 200 }
    #expect(await server.stop() == 0)

    // A row that another hand has changed does not match its hash; a rebuild mends it.
    try PostgresConnection(cluster.settings()).execute(
      "UPDATE \"afterimage.notes.1\".notes SET text = 'hullo' WHERE id = 'first'")
    let wrong = try await Program.run("pipeline", "digest", "notes", "--read-models", url)
    #expect(
      wrong.status == 3 && wrong.output.contains("wrong: notes: the row id=first does not match its hash")
        && wrong.output.contains("afterimage pipeline rebuild notes --read-models URL"), "\(wrong)")
    let rebuild = try await Program.run("pipeline", "rebuild", "notes", "--read-models", url)
    #expect(rebuild.status == 0 && rebuild.output.contains("the next start rebuilds notes from the log"), "\(rebuild)")
    server = try await PostgresScene.start(folder, url)
    // A sequence of PostgreSQL may pass over numbers after a crash.
    try await wait("rebuilt", server) { $1.contains("second") && !$1.contains("\"generation\":1}") }
    #expect(await server.stop() == 0)
    let given = ["AFTERIMAGE_READ_MODELS=\(url)", Program.path, "pipeline", "digest", "notes"]
    let mended = try await Program.run("/usr/bin/env", given)
    #expect(mended.status == 0 && mended.output == digest.output, "\(mended)")
  }

  @Test func `a second worker on the same read models is refused by name, and takes over when the first is gone`() async throws {
    let cluster = try PostgresCluster.shared()
    let database = "claim\(UInt32.random(in: 0 ... .max))"
    try PostgresConnection(cluster.settings()).execute("CREATE DATABASE \(database)")
    let url = cluster.url(database, password: PostgresCluster.password)
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let first = try await PostgresScene.start(folder, url)
    try await PostgresScene.put("first", first)
    let other = ["dev", "--data", folder.file("other"), "-p", folder.file("notes"), "--read-models", url]
    let refused = try await Program.run(Program.path, other + ["--port", "0", "--page-port", "0", "--health-port", "0"])
    #expect(
      refused.status == 1
        && refused.errors.contains("another process works on the read models of notes in this database (afterimage"), "\(refused)"
    )
    try await wait("the first works on", first) { $1.contains("first") }
    await first.kill()
    let second = try await PostgresScene.start(folder, url)
    try await wait("the second", second) { $1.contains("first") }
    #expect(await second.stop() == 0)
  }
}

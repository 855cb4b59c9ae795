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

  @Test func `doctor says of a database what is there, who works on it, and what is wrong`() async throws {
    let cluster = try PostgresCluster()
    let url = cluster.url(password: PostgresCluster.password)
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    func doctor(_ url: String) async throws -> Program.Outcome {
      try await Program.run("doctor", "--data", folder.file("data"), "--read-models", url)
    }
    let gone = try await doctor("postgres://nobody@127.0.0.1:1/none")
    #expect(gone.status == 3 && gone.output.contains("it cannot be asked: connection to server"), "\(gone)")
    let server = try await PostgresScene.start(folder, url)
    try await PostgresScene.put("first", server)
    try await wait("the first", server) { $1.contains("first") }
    let fine = try await doctor(url)
    #expect(
      fine.output.contains("postgres on PostgreSQL 15") && fine.output.contains("generations 1 (current)")
        && fine.output.contains("1 rows equal their hashes"), "\(fine)")
    let end = ContinuousClock.now + PostgresScene.waitMax
    while true {
      let found = try await doctor(url)
      if found.output.contains("generation 1 holds the records through Notes:0:1; worked on by ") { break }
      try #require(ContinuousClock.now < end, "\(found)")
    }
    #expect(await server.stop() == 0)
    let connection = try PostgresConnection(cluster.settings())
    defer { connection.close() }
    try connection.execute("UPDATE \"afterimage.notes.1\".notes SET text = 'hullo'")
    try connection.execute("CREATE ROLE guest LOGIN PASSWORD 'x'; ALTER DATABASE postgres SET default_transaction_read_only = on")
    let wrong = try await doctor(url)
    #expect(
      wrong.status == 3 && wrong.output.contains("it takes no writes: default_transaction_read_only is on")
        && wrong.output.contains("the row id=first does not match its hash"), "\(wrong)")
    let guest = try await doctor(cluster.url(user: "guest", password: "x"))
    #expect(
      guest.status == 3 && guest.output.contains("guest may not make schemas in postgres")
        && guest.output.contains("GRANT CREATE ON DATABASE postgres TO guest"), "\(guest)")
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

import Foundation
import Postgres
import PostgresTestKit
import Testing

/// `afterimage dev` with its read models in PostgreSQL.
@Suite(.timeLimit(.minutes(1)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct PostgresProcessTests {
  /// Asks until the named query has these notes.
  private func wait(for notes: [String], _ server: DevProcess) async throws {
    let end = ContinuousClock.now + PostgresScene.waitMax
    while true {
      let answer = try await Program.run("query", "notes", "all", "-o", "json", "--server", server.page)
      if notes.allSatisfy({ answer.output.contains("\"\($0)\"") }) { return }
      try #require(ContinuousClock.now < end, "\(answer)\n\(server.child.output)\(server.child.errors)")
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  private func rows(_ sql: String, _ cluster: PostgresCluster) throws -> [String] {
    let rows = try PostgresConnection(cluster.settings()).run([PostgresQuery(sql)])[0]
    return (0..<rows.count).map { row in (0..<rows.columnCount).map { rows.text(row, $0) ?? "null" }.joined(separator: " ") }
  }

  @Test func `rows are there through kill -9 of either, and an edited pipeline takes its place in the views`() async throws {
    let cluster = try PostgresCluster()
    let url = cluster.url(password: PostgresCluster.password)
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    var server = try await PostgresScene.start(folder, url)
    try await PostgresScene.put("first", server)
    try await wait(for: ["first"], server)
    #expect(try rows("SELECT id, text FROM notes.notes", cluster) == ["first hello"])
    // The database is away for a while: what is acknowledged meanwhile comes when it is back.
    cluster.kill()
    try await PostgresScene.put("second", server)
    try cluster.start()
    try await wait(for: ["first", "second"], server)
    await server.kill()
    server = try await PostgresScene.start(folder, url)
    try await PostgresScene.put("third", server)
    try await wait(for: ["first", "second", "third"], server)
    #expect(await server.stop() == 0)
    try folder.write("notes/pipeline.yaml", GenerationTests.edited)
    server = try await PostgresScene.start(folder, url)
    let end = ContinuousClock.now + PostgresScene.waitMax
    while try rows(
      "SELECT count(*)::text FROM information_schema.columns WHERE table_schema = 'notes' AND column_name = 'size'", cluster)
      != ["1"]
    {
      try #require(ContinuousClock.now < end, "\(server.child.output)\(server.child.errors)")
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try rows("SELECT id FROM notes.notes ORDER BY id", cluster) == ["first", "second", "third"])
    try await wait(for: ["first", "second", "third", "size"], server)
    #expect(await server.stop() == 0)
    #expect(!server.child.output.contains(PostgresCluster.password))
  }

  @Test(arguments: [
    ("notes", "it is somebody else's, and the pipeline's views would be in it: give the pipeline another name"),
    ("afterimage.notes", "it is somebody else's (catalog is in it), and our own tables would be in it"),
    ("afterimage.notes.1", "it is somebody else's (catalog is in it), and our own tables would be in it"),
  ])
  func `a schema of somebody else is named and left alone, and the rows come when it is gone`(_ schema: String, _ words: String)
    async throws
  {
    let cluster = try PostgresCluster.shared()
    let database = try cluster.makeDatabase()
    let connection = try PostgresConnection(cluster.settings(database))
    let name = PostgresConnection.identifier(schema)
    try connection.execute(
      "CREATE SCHEMA \(name); CREATE TABLE \(name).catalog (theirs text); INSERT INTO \(name).catalog VALUES ('x')")
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let server = try await PostgresScene.start(folder, cluster.url(database, password: PostgresCluster.password))
    try await PostgresScene.put("first", server)
    let line = try #require(await server.child.errorLine(containing: "pipeline stopped"))
    #expect(line.contains("the schema \(schema) of PostgreSQL: \(words)"), "\(line)")
    let health = try #require(await server.child.line("health ")?.split(separator: " ").last.map(String.init))
    let ready = try await Program.run("/usr/bin/env", ["curl", "-s", health])
    #expect(ready.output.contains(#""ready":false"#) && ready.output.contains(words), "\(ready)")
    let theirs = try connection.run(
      "SELECT string_agg(c.relname, ' ') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND relkind = 'r'",
      .text(schema))
    #expect(theirs.text(0, 0) == "catalog")
    #expect(try connection.run("SELECT theirs FROM \(name).catalog").text(0, 0) == "x")
    try connection.execute("ALTER SCHEMA \(name) RENAME TO moved")
    try await wait(for: ["first"], server)
    #expect(await server.stop() == 0)
  }

  @Test func `a database that does not let us in ends the start with its words`() async throws {
    let cluster = try PostgresCluster.shared()
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    for (url, words) in [
      (cluster.url(password: "wrong"), "password authentication failed"),
      (cluster.url("nowhere", password: PostgresCluster.password), "database \"nowhere\" does not exist"),
      ("postgres://127.0.0.1:1/x", "Connection refused"),
    ] {
      let outcome = try await Program.run(
        "dev", "--data", folder.file("data"), "--port", "0", "--page-port", "0", "-p", folder.file("notes"), "--read-models", url)
      #expect(outcome.status == 1 && outcome.errors.contains("--read-models: ") && outcome.errors.contains(words), "\(outcome)")
    }
    // The environment says it too, where a password is not seen by everybody; the flag says it last.
    let given = ["AFTERIMAGE_READ_MODELS=\(cluster.url(password: "wrong"))", Program.path]
    let arguments = ["dev", "--data", folder.file("data"), "--port", "0", "--page-port", "0", "-p", folder.file("notes")]
    let outcome = try await Program.run("/usr/bin/env", given + arguments)
    #expect(outcome.status == 1 && outcome.errors.contains("password authentication failed"), "\(outcome)")
  }
}

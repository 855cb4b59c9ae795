import Foundation
import Postgres
import PostgresReadModels
import PostgresTestKit
import ReadModels
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

  @Test func `the password may stand in a file, and one that is missing there ends the start with libpq's words`() async throws {
    let cluster = try PostgresCluster.shared()
    let database = try cluster.makeDatabase()
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    func password(_ database: String) throws -> String {
      let file = try folder.write(
        "passwords", "127.0.0.1:\(cluster.port):\(database):\(PostgresCluster.user):\(PostgresCluster.password)\n")
      chmod(file, 0o600)
      return file
    }
    let url = cluster.url(database)
    let arguments = ["dev", "--data", folder.file("data"), "--port", "0", "--page-port", "0", "-p", folder.file("notes")]
    for more in [[], ["--read-models-password-file", try password("another")]] {
      let outcome = try await Program.run(
        "/usr/bin/env", ["-u", "PGPASSWORD", "PGPASSFILE=/dev/null", Program.path] + arguments + ["--read-models", url] + more)
      #expect(
        outcome.status == 1 && outcome.errors.contains("--read-models: ") && outcome.errors.contains("no password supplied"),
        "\(more) \(outcome)")
    }
    let server = try await DevProcess.start(
      data: folder.file("data"), pipelines: [folder.file("notes")],
      ["--health-port", "0", "--read-models", url, "--read-models-password-file", try password(database)])
    try await PostgresScene.put("first", server)
    try await wait(for: ["first"], server)
    #expect(await server.stop() == 0)
    #expect(try PostgresConnection(cluster.settings(database)).run("SELECT id FROM notes.notes").text(0, 0) == "first")
  }

  @Test(arguments: ["catalogue", "generation"])
  func `a database of a newer version is left as it is, and goes on once it is put right`(_ part: String) async throws {
    let cluster = try PostgresCluster.shared()
    let database = try cluster.makeDatabase()
    let url = cluster.url(database, password: PostgresCluster.password)
    let connection = try PostgresConnection(cluster.settings(database))
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let first = try await PostgresScene.start(folder, url)
    try await PostgresScene.put("first", first)
    try await wait(for: ["first"], first)
    #expect(await first.stop() == 0)
    let (schema, version) =
      part == "catalogue"
      ? ("afterimage.notes", "UPDATE \"afterimage.notes\".catalog SET version = version")
      : ("afterimage.notes.1", "UPDATE \"afterimage.notes.1\"._meta SET value = value::bigint")
    let which = part == "catalogue" ? "" : " WHERE key = 'version'"
    try connection.execute("\(version) + 900\(which)")
    // Tables go on; what is written meanwhile is not lost.
    let newer = try await PostgresScene.start(folder, url)
    try await PostgresScene.put("second", newer)
    let line = try #require(await newer.child.errorLine(containing: "pipeline stopped"))
    let format = part == "catalogue" ? "catalogue format 90" : "read model format 90"
    #expect(line.contains("the schema \(schema) of PostgreSQL has \(format)"), "\(line)")
    #expect(line.contains("use the afterimage that wrote it, or"), "\(line)")
    let health = try await Program.run("/usr/bin/env", ["curl", "-s", newer.health + "/ready"])
    #expect(health.output.contains(#""ready":false"#) && health.output.contains(format), "\(health)")
    #expect(await newer.stop() == 0)
    #expect(try connection.run("SELECT count(*) FROM notes.notes").int64(0, 0) == 1)
    if part == "catalogue" {
      // The other way that is said.
      #expect(
        line.contains(
          "delete the schemas afterimage.notes and afterimage.notes.1, .2 and so on (DROP SCHEMA ... CASCADE), and start"),
        "\(line)")
      try connection.execute(#"DROP SCHEMA "afterimage.notes" CASCADE; DROP SCHEMA "afterimage.notes.1" CASCADE"#)
    } else {
      try connection.execute("\(version) - 900\(which)")
    }
    let last = try await PostgresScene.start(folder, url)
    try await wait(for: ["first", "second"], last)
    #expect(await last.stop() == 0)
    #expect(try connection.run("SELECT count(*) FROM notes.notes").int64(0, 0) == 2)
  }

  @Test func `a third definition at once is refused by name, and built when one of the two is gone`() async throws {
    let cluster = try PostgresCluster.shared()
    let database = try cluster.makeDatabase()
    let url = cluster.url(database, password: PostgresCluster.password)
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let first = try await PostgresScene.start(folder, url)
    try await PostgresScene.put("first", first)
    try await wait(for: ["first"], first)
    #expect(await first.stop() == 0)
    // A worker of another definition has begun to build its generation.
    let other = try PostgresDatabase(cluster.settings(database)).stores.pipeline("notes")
    let second = try other.generation(for: "of another definition", definition: Notes.pipeline)
    #expect(try other.lead(second, for: .seconds(600)))
    try folder.write("notes/pipeline.yaml", GenerationTests.edited)
    let third = try await PostgresScene.start(folder, url)
    try await PostgresScene.put("second", third)
    let line = try #require(await third.child.errorLine(containing: "pipeline stopped"))
    #expect(
      line.contains(
        "generation 2 is being built by another definition of the pipeline: one of them at a time; stop its workers, or wait for it"
      ),
      "\(line)")
    #expect(try other.generations().map(\.number) == [1, 2])
    // What the first has made is served meanwhile.
    try await wait(for: ["first"], third)
    // Its worker has been gone for a while.
    try PostgresConnection(cluster.settings(database)).execute(
      "UPDATE \"afterimage.notes\".leads SET until = clock_timestamp() - interval '11 seconds' WHERE generation = 2")
    try await wait(for: ["first", "second", "size"], third)
    #expect(try other.generations().map(\.number) == [1, 3])
    #expect(await third.stop() == 0)
  }
}

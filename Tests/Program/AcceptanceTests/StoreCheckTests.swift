import Postgres
import PostgresTestKit
import Testing

/// `afterimage pipeline check --store`: a pipeline's SQL on a real database.
@Suite(.timeLimit(.minutes(1)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct StoreCheckTests {
  @Test func `what does not fit the database is named with its place, and nothing is left there`() async throws {
    let url = try PostgresCluster.shared().url(password: PostgresCluster.password)
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let path = folder.file("notes")
    for _ in 0..<2 {
      let fine = try await Program.run("pipeline", "check", path, "--store", url)
      #expect(fine.status == 0 && fine.output.contains("nothing wrong"), "\(fine)")
    }
    let text = Notes.pipeline + "\ndashboard:\n  - number: { title: Kinds, sql: SELECT typeof(1) AS x }\n"
    try folder.write("notes/pipeline.yaml", text)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let line = try #require(lines.firstIndex { $0.contains("Kinds") }) + 1
    #expect(try await Program.run("pipeline", "check", path).status == 0)
    let found = try await Program.run("pipeline", "check", path, "--store", url)
    #expect(
      found.status == 3
        && found.output.contains(
          "pipeline.yaml:\(line):34: tile `Kinds`: the SQL does not fit PostgreSQL: function typeof(integer) does not exist, at `typeof(1) AS x`"
        ),
      "\(found)")
    let json = try await Program.run("pipeline", "check", path, "--store", url, "-o", "json")
    #expect(json.status == 3 && json.output.contains("\"line\":\(line),\"column\":34"), "\(json)")
  }

  @Test func `scenarios run in the database, with queries of its own, and leave nothing`() async throws {
    let cluster = try PostgresCluster.shared()
    let name = try cluster.makeDatabase()
    let url = cluster.url(name, password: PostgresCluster.password)
    let folder = try TestFolder()
    let query = "  which: { sql: { sqlite: \"SELECT 'a file' AS place\", postgres: \"SELECT 'a database' AS place\" } }"
    try folder.write("notes/pipeline.yaml", Notes.pipeline + "\n" + query + "\n")
    try folder.write(
      "notes/tests/which.yaml",
      """
      - test: which
        steps:
          - at: 2026-01-01T00:00:00Z
            put: { Notes: { id: first, Text: hello } }
            expect: { notes: [{ id: first, text: hello }] }
            query: { name: which, rows: [{ place: a database }] }

      """)
    let path = folder.file("notes")
    let inFile = try await Program.run("pipeline", "test", path)
    #expect(inFile.status == 3 && inFile.output.contains("FAIL  which"), "\(inFile)")
    let inDatabase = try await Program.run("pipeline", "test", path, "--store", url)
    #expect(inDatabase.status == 0 && inDatabase.output.contains("pass  which"), "\(inDatabase)")
    let connection = try PostgresConnection(cluster.settings(name))
    defer { connection.close() }
    let left = try connection.run("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'afterimage%'")
    #expect(left.int64(0, 0) == 0)
    let gone = try await Program.run("pipeline", "test", path, "--store", "postgres://nobody@127.0.0.1:1/none")
    #expect(gone.status == 1 && gone.errors.contains("the database, --store: "), "\(gone)")
  }

  @Test func `a database that cannot be asked is an error, and another address a usage error`() async throws {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let path = folder.file("notes")
    let gone = try await Program.run("pipeline", "check", path, "--store", "postgres://nobody@127.0.0.1:1/none")
    #expect(gone.status == 1 && gone.errors.contains("the database, --store: "), "\(gone)")
    let other = try await Program.run("pipeline", "check", path, "--store", "mysql://x")
    #expect(other.status == 2 && other.errors.contains("--store takes a URL that begins with postgres://"), "\(other)")
  }
}

import ChangeLog
import Foundation
import Kafka
import KafkaLog
import KafkaTestKit
import Postgres
import PostgresTestKit
import Testing

/// Environments that share a Kafka and a PostgreSQL, each with a namespace of its own.
@Suite(
  .serialized, .timeLimit(.minutes(2)),
  .enabled(if: KafkaBroker.isAvailable && PostgresCluster.isAvailable, Comment(rawValue: Fleet.skipped)))
struct SharedClusterTests {
  /// The tables, the relay, a worker and the queries of one environment, in one process.
  private struct Environment {
    /// Nil for the usual one.
    let namespace: String?
    let server: DevProcess
    let table: String

    func put(_ id: String, _ text: String) async throws -> String {
      let put = try await Program.run("table", "put", table, "id=\(id)", "Text=\(text)", "--endpoint", server.tables)
      #expect(put.status == 0, "\(put)")
      return put.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
    }

    /// The rows of the query, once the record at `position` is in them.
    func rows(_ position: String) async throws -> [[String]] {
      let end = ContinuousClock.now + Fleet.waitMax
      func ask() async throws -> Program.Outcome {
        try await Program.run("query", "notes", "all", "--server", server.page, "-o", "json", "--at-least", position)
      }
      var answer = try await ask()
      // A server waits for five seconds.
      while answer.status != 0, ContinuousClock.now < end { answer = try await ask() }
      try #require(answer.status == 0, "\(answer)\n\(server.child.errors)")
      let json = try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any]
      return (json?["rows"] as? [[String]] ?? []).sorted { $0[0] < $1[0] }
    }

    var option: [String] { namespace.map { ["--namespace", $0] } ?? [] }
  }

  @Test func `two environments with the same pipeline and tables see nothing of each other`() async throws {
    let folder = try TestFolder()
    let table = "Notes\(UInt32.random(in: 0 ... .max))"
    try folder.write(
      "notes/pipeline.yaml",
      Notes.pipeline.replacingOccurrences(of: "Notes:", with: "\(table):").replacingOccurrences(
        of: "in: Notes", with: "in: \(table)"))
    let (bootstrap, cluster) = (try KafkaBroker.bootstrap(), try PostgresCluster.shared())
    let database = try cluster.makeDatabase()
    let url = cluster.url(database, password: PostgresCluster.password)
    func start(_ namespace: String?) async throws -> Environment {
      let server = try await DevProcess.serve(
        [
          "--roles", "table,relay,worker,query", "--data", folder.file(namespace ?? "usual"), "--health-port", "0", "--kafka",
          bootstrap, "--read-models", url, "-p", folder.file("notes"),
        ] + (namespace.map { ["--namespace", $0] } ?? []))
      return Environment(namespace: namespace, server: server, table: table)
    }
    let usual = try await start(nil)
    let staging = try await start("staging")
    #expect(
      usual.server.child.output.contains("schema notes\n") && staging.server.child.output.contains("schema staging_notes\n"))
    // The same key with another text, and an item that only one has.
    _ = try await usual.put("mine", "usual")
    var last = [try await usual.put("same", "usual"), try await staging.put("same", "staging")]
    #expect(try await usual.rows(last[0]) == [["mine", "usual"], ["same", "usual"]])
    #expect(try await staging.rows(last[1]) == [["same", "staging"]])
    let connection = try PostgresConnection(cluster.settings(database))
    func texts(_ schema: String) throws -> String? {
      try connection.run("SELECT string_agg(text, ' ' ORDER BY id) FROM \(schema).notes").text(0, 0)
    }
    #expect(try texts("notes") == "usual usual" && texts("staging_notes") == "staging")
    // Topics, groups, and relays that do not fence each other.
    let admin = try Admin(KafkaConfiguration(bootstrap: bootstrap)) { _ in }
    for topic in ["afterimage.\(table)", "afterimage.\(table).relay", "staging.\(table)", "staging.\(table).relay"] {
      #expect(try await admin.partitions(of: topic) == 1, "\(topic)")
    }
    #expect(
      usual.server.child.errors.contains("group=afterimage.notes.")
        && staging.server.child.errors.contains("group=staging.notes."))
    // What an operator does to one is nothing to the other.
    let republished = try await Program.run(
      "relay", arguments: ["republish", table, "--kafka", bootstrap] + staging.option)
    #expect(republished.status == 0 && republished.output.contains("staging.\(table).published.2"), "\(republished)")
    last = [try await usual.put("late", "usual"), try await staging.put("late", "staging")]
    #expect(try await usual.rows(last[0]).map { $0[1] } == ["usual", "usual", "usual"])
    #expect(try await staging.rows(last[1]).map { $0[1] } == ["staging", "staging"])
    #expect(try await admin.partitions(of: "afterimage.\(table).published.2") == nil)
    for environment in [usual, staging] {
      #expect(!environment.server.child.errors.contains("relay stopped"), "\(environment.server.child.errors)")
      let digest = try await Program.run(
        "pipeline", arguments: ["digest", "notes", "--read-models", url] + environment.option)
      #expect(digest.status == 0 && digest.output.contains(environment.namespace == nil ? "3 rows" : "2 rows"), "\(digest)")
      #expect(await environment.server.stop() == 0)
    }
    // The environment variable says it as the option does.
    let rebuild = try await Program.run(
      "/usr/bin/env", ["AFTERIMAGE_NAMESPACE=staging", Program.path, "pipeline", "rebuild", "notes", "--read-models", url])
    #expect(rebuild.status == 0, "\(rebuild)")
    let generations = try ["afterimage", "staging"].map {
      try connection.run("SELECT count(*)::text FROM \"\($0).notes\".generations").text(0, 0)
    }
    #expect(generations == ["1", "2"])
    let elsewhere = try await Program.run(
      "pipeline", "digest", "notes", "--read-models", url, "--namespace", "production")
    #expect(elsewhere.status == 1 && elsewhere.errors.contains("the database has no read model of notes"), "\(elsewhere)")
  }
}

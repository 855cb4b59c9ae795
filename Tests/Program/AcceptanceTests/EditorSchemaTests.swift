import Foundation
import PythonTestKit
import Testing

/// What `pipeline schema` writes, as an editor's checker uses it.
@Suite struct EditorSchemaCommandTests {
  private func check(_ schema: String, _ files: [String]) async throws -> Program.Outcome {
    try await Program.run(Python.checks + "/check-jsonschema", ["--schemafile", schema] + files)
  }

  @Test(.enabled(if: Python.areChecksAvailable, Comment(rawValue: Python.skipped)))
  func `every shipped file keeps to it, and a wrong key does not`() async throws {
    let folder = try TestFolder()
    let written = try await Program.run("pipeline", "schema")
    #expect(written.status == 0)
    let schema = try folder.write("schema.json", written.output)
    let files = DashboardTests.pipelines.map { Program.pipeline($0) + "/pipeline.yaml" }
    let all = try await check(schema, files)
    #expect(all.status == 0, "\(all)")
    let wrong = [
      "pipeline: p\nquerys: {}\n", "tables: { T: { key: { partition: PK } } }\n",
      "pipeline: p\ntables: { T: { key: { partition: PK, hash: x } } }\n",
      "pipeline: p\nprojections: { x: { collection: a, touch: b } }\n",
      "pipeline: p\nprojections: { x: { key: [a] } }\n",
      "pipeline: p\nitems: { a: { in: T, fields: { x: { from: X, typ: string } } } }\n",
      "pipeline: p\neffects: { e: { each: a inserted, mail: { to: a, subjet: b } } }\n",
      "pipeline: p\ndashboard: [{ number: { title: a, of: b } }]\n",
      "pipeline: p\nqueries: { q: { sql: { sqlite: a, oracle: b } } }\n",
    ]
    for (number, text) in wrong.enumerated() {
      let outcome = try await check(schema, [try folder.write("wrong-\(number).yaml", text)])
      #expect(outcome.status == 1, "\(text) \(outcome)")
    }
  }
}

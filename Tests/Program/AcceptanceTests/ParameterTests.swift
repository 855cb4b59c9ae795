import Foundation
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// `--set`: parameters of pipelines, from the command line to the rows.
@Suite(.timeLimit(.minutes(1))) struct ParameterTests {
  private static let pipeline = """
    pipeline: marks
    parameters: { least: 5 }
    tables:
      Marks: { key: { partition: id string } }
    items:
      mark: { in: Marks, match: { id: "{id}" }, fields: { points: Points integer } }
    projections:
      passed: { collection: mark, key: [id], columns: [points], when: points >= $least }
    queries:
      all: { sql: "SELECT id, points FROM passed ORDER BY id" }

    """
  private static let test = """
    - test: five is enough
      steps:
        - at: 2026-01-01T10:00:00Z
          put: { Marks: [{ id: a, Points: 5 }, { id: b, Points: 3 }] }
          expect: { passed: [{ id: a }] }
    - test: three is enough
      parameters: { least: 3 }
      steps:
        - at: 2026-01-01T10:00:00Z
          put: { Marks: [{ id: a, Points: 5 }, { id: b, Points: 3 }] }
          expect: { passed: [{ id: a }, { id: b }] }

    """

  private static func folder() throws -> TestFolder {
    let folder = try TestFolder()
    try folder.write("marks/pipeline.yaml", pipeline)
    try folder.write("marks/tests/marks.yaml", test)
    return folder
  }

  @Test func `check, show and test take --set, and say the values in force`() async throws {
    let folder = try Self.folder()
    func run(_ command: String, _ more: String...) async throws -> Program.Outcome {
      try await Program.run(Program.path, ["pipeline", command, folder.file("marks")] + more)
    }
    #expect(try await run("check").output.contains("nothing wrong, with least = 5\n"))
    #expect(try await run("check", "--set", "marks.least=9").output.contains("nothing wrong, with least = 9 (5 in the file)\n"))
    let shown = try await run("show", "--set", "marks.least=9")
    #expect(shown.output.contains("Its parameters are least = 9 (5 in the file)."), "\(shown)")
    #expect(shown.output.contains("each mark (when points >= 9)"), "\(shown)")
    let json = try await run("show", "-o", "json").output
    #expect(json.contains(#""parameters":[{"name":"least","type":"number","value":"5","file_value":"5"}]"#), "\(json)")
    #expect(try await run("test").output.contains("2 passed, 0 failed"))
    let failing = try await run("test", "--set", "marks.least=6")
    #expect(failing.status == 3 && failing.output.contains("FAIL  five is enough"), "\(failing)")
    #expect(failing.output.contains("pass  three is enough"), "\(failing)")
    for (set, status, message) in [
      ("marks.lest=9", 3, "has no parameter `lest`; did you mean `least`?"),
      ("marks.least=many", 3, "`least` is a number, and `many` is not"), ("mark.least=9", 2, "there is no pipeline `mark` here"),
      ("least=9", 2, "--set takes PIPELINE.NAME=VALUE"),
    ] as [(String, Int32, String)] {
      let refused = try await run("check", "--set", set)
      #expect(refused.status == status && (refused.output + refused.errors).contains(message), "\(refused)")
    }
  }

  @Test func `tables of a pipeline are made with its parameters`() async throws {
    let folder = try Self.folder()
    try folder.write(
      "marks/pipeline.yaml",
      Self.pipeline.replacingOccurrences(of: "{ least: 5 }", with: "{ least: 5, lanes: 1 }").replacingOccurrences(
        of: "id string } }", with: "id string }, partitions: $lanes }"))
    let server = try await DevProcess.start(data: folder.file("data"), pipelines: [], folder: folder.path)
    let made = try await Program.run(
      "table", "create", "--pipeline", folder.file("marks"), "--set", "marks.lanes=3", "--endpoint", server.tables)
    #expect(made.status == 0, "\(made)")
    let described = try await Program.run("table", "describe", "Marks", "--endpoint", server.tables)
    #expect(described.output.contains("3 partitions"), "\(described)")
    #expect(await server.stop() == 0)
  }

  private struct Answer: Decodable {
    let generation: Int
    let rows: [[Cell]]

    struct Cell: Decodable {
      let text: String

      init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        text = try (try? value.decode(String.self)) ?? String(value.decode(Int.self))
      }
    }
  }

  /// Asks until a generation answers so many rows.
  private static func ask(_ server: DevProcess, until generation: Int, rows: Int) async throws -> [String] {
    let address = try #require(URL(string: server.page + "/v1/pipelines/marks/queries/all"))
    let end = ContinuousClock.now + .seconds(30)
    var last = ""
    while ContinuousClock.now < end {
      let (data, _) = try await URLSession.shared.data(from: address)
      last = String(decoding: data, as: UTF8.self)
      if let answer = try? JSONDecoder().decode(Answer.self, from: data), answer.generation == generation,
        answer.rows.count == rows
      {
        return answer.rows.map { $0[0].text }
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("generation \(generation) does not answer \(rows) rows: \(last) \(server.child.errors)")
    return []
  }

  @Test func `another value is another generation, which is announced, and outlives the setting's edit of the file`() async throws
  {
    let folder = try Self.folder()
    func start(_ more: String...) async throws -> DevProcess {
      try await DevProcess.start(data: folder.file("data"), pipelines: [folder.file("marks")], more)
    }
    let first = try await start()
    for (id, points) in [("a", 5), ("b", 3), ("c", 1)] {
      let put = try await Program.run("table", "put", "Marks", "id=\(id)", "Points:N=\(points)", "--endpoint", first.tables)
      #expect(put.status == 0, "\(put)")
    }
    #expect(try await Self.ask(first, until: 1, rows: 1) == ["a"])
    #expect(await first.stop() == 0)

    let second = try await start("--set", "marks.least=3")
    let line = try #require(await second.child.errorLine(containing: "a new generation is being built"))
    #expect(line.contains("pipeline=marks current=1 new=2"), "\(line)")
    #expect(try await Self.ask(second, until: 2, rows: 2) == ["a", "b"])
    // What is set holds for the edited file too: its own value, which no row depends on now, begins no generation.
    try folder.write("marks/pipeline.yaml", Self.pipeline.replacingOccurrences(of: "least: 5", with: "least: 4"))
    _ = try #require(await second.child.errorLine(containing: "the pipeline file was edited"))
    #expect(try await Self.ask(second, until: 2, rows: 2) == ["a", "b"])
    #expect(await second.stop() == 0)

    // What reads files of a stopped process knows the generation by the values that it was built with.
    let digest = try await Program.run("pipeline", "digest", "marks", "--data", folder.file("data"))
    #expect(digest.status == 0 && digest.output.contains("passed"), "\(digest)")
    let again = try await start("--set", "marks.least=3")
    #expect(try await Self.ask(again, until: 2, rows: 2) == ["a", "b"])
    #expect(await again.stop() == 0)
    #expect(!again.child.errors.contains("new generation"), "\(again.child.errors)")
    let without = try await start()
    #expect(try await Self.ask(without, until: 3, rows: 1) == ["a"])
    #expect(await without.stop() == 0)

    for (set, message) in [
      ("marks.lest=3", "did you mean `least`?"), ("mark.least=3", "there is no pipeline `mark` here; did you mean `marks`?"),
    ] {
      let refused = try await Program.run(
        "dev", "--data", folder.file("other"), "--port", "0", "--page-port", "0", "-p", folder.file("marks"), "--set", set)
      #expect(refused.status == 1 && refused.errors.contains(message), "\(refused)")
    }
  }
}

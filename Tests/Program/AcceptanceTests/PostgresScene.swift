import Testing

/// `afterimage dev` with the notes' read model in a PostgreSQL database.
enum PostgresScene {
  /// How long a fact is waited for.
  static let waitMax = Duration.seconds(40)

  static func start(_ folder: TestFolder, _ url: String) async throws -> DevProcess {
    try await DevProcess.start(
      data: folder.file("data"), pipelines: [folder.file("notes")], ["--health-port", "0", "--read-models", url])
  }

  static func put(_ id: String, _ server: DevProcess) async throws {
    let put = try await Program.run("table", "put", "Notes", "id=\(id)", "Text=hello", "--endpoint", server.tables)
    #expect(put.status == 0, "\(put)")
  }
}

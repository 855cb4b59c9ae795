import Foundation
import HTTPClient
import PostgresReadModels
import PostgresTestKit
import ReadModels
import SQLiteReadModels
import Testing

/// Another version of the program, which lays generations out in another way: it builds one of its own while the old one serves.
@Suite(.serialized) struct UpgradeTests {
  private static let client = HTTPClient()

  @Test(.enabled(if: Fleet.isAvailable, Comment(rawValue: Fleet.skipped)), .timeLimit(.minutes(3)))
  func `new workers with another layout build a generation beside the old one and take over, always served`() async throws {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 2, queries: 1)
    let stores = PostgresDatabase(fleet.database.settings()).stores
    let next = try await Program.withNextLayout(of: "PostgreSQL", number: stores.layout.number, in: scene.folder)
    let writers = scene.writers(fleet.tables.tables)
    await scene.acknowledged.more(500)
    // Query processes first: the new one reads what the old workers have made.
    try await fleet.startQuery(program: next)
    let (old, new) = (fleet.queries[0].page, fleet.queries[1].page)
    try await fleet.wait("the first generation serves") { try await Fleet.status("rooms", at: new) == 200 }
    let asking = Fleet.ask("rooms", at: new)
    for worker in [2, 3] { try await fleet.start(worker, program: next) }
    try await fleet.wait("the second generation is current") { try fleet.current == 2 }
    try await fleet.wait("the old workers stand by") {
      [0, 1].allSatisfy { !fleet.lines($0, "was replaced by generation 2").isEmpty }
    }
    #expect(!fleet.lines(2, "the old generation cannot be updated here: it serves as it is").isEmpty)
    // An old query process says why it has no answer.
    let refused = try await UpgradeTests.client.send(.init(url: "\(old)/v1/pipelines/killed/queries/rooms"))
    let layouts = "in layout \(stores.layout.number + 1); this one reads \(stores.layout.number)"
    #expect(refused.status == 503 && String(decoding: refused.body, as: UTF8.self).contains(layouts), "\(refused)")
    await scene.acknowledged.more(300)
    for worker in [0, 1] { #expect(await fleet.stop(worker) == 0) }
    asking.cancel()
    let answers = await asking.value
    #expect(answers.count > 50 && answers.allSatisfy { $0 == 200 }, "\(Set(answers)) of \(answers.count)")
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    #expect(try fleet.current == 2)
    let url = fleet.url
    await fleet.stop()
    let digest = try await Program.run(next, ["pipeline", "digest", "killed", "--read-models", url])
    #expect(digest.status == 0, "\(digest)")
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models, said: digest.output)
  }
}

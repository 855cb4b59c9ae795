import DynamoClient
import Foundation
import RandomTestKit
import Testing

/// The table server is killed at random points while clients write in every way that there is. Afterwards every acknowledged write is there
/// with its record, no transaction is half there, and `table verify` finds nothing: also online, while the writers are at it.
/// Rounds as in `KillTests`.
@Suite(.serialized) struct WriteKillTests {
  @Test(.timeLimit(.minutes(60))) func `kill -9 under concurrent writes loses no acknowledged one and leaves none half`()
    async throws
  {
    let seed = UInt64.random(in: 1...UInt64.max)
    print("WriteKillTests: seed \(seed), \(KillTests.rounds) rounds")
    var generator = SeededGenerator(seed: seed)
    let scene = WriteKillScene()
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let arguments = [
      "--roles", "table", "--data", folder.file("data"), "--partitions", "\(WriteKillScene.partitions)", "-p",
      folder.file("notes"),
    ]
    var server = try await DevProcess.serve(arguments)
    try await WriteKillScene.create(DynamoClient(endpoint: server.tables))
    var acknowledged = 0
    for round in 0..<KillTests.rounds {
      let writers = scene.write(server.tables)
      await scene.more(Int.random(in: 1...500, using: &generator))
      if round % 5 == 0 {
        let online = try await Program.run("table", "verify", "--endpoint", server.tables)
        #expect(online.status == 0, "online: \(online)")
      }
      await server.kill()
      writers.cancel()
      _ = await writers.value
      server = try await DevProcess.serve(arguments)
      acknowledged += try await scene.check(server.tables)
    }
    #expect(acknowledged > KillTests.rounds * 50, "only \(acknowledged) records were acknowledged")
    #expect(scene.importedBatches > KillTests.rounds, "only \(scene.importedBatches) batches were imported")
    print("WriteKillTests: \(acknowledged) acknowledged records, \(scene.importedBatches) imported batches")
    #expect(await server.stop() == 0)
  }
}

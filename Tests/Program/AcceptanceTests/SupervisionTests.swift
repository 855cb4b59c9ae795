import Foundation
import SupervisionTestKit
import Testing

/// What a process says to the service manager that started it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SupervisionTests {
  private func start(_ manager: ServiceManager, _ folder: TestFolder, roles: String) throws -> ChildProcess {
    try ChildProcess(
      "/usr/bin/env",
      [
        "NOTIFY_SOCKET=\(manager.name)", "WATCHDOG_USEC=400000", Program.path, "serve", "--roles", roles, "--data",
        folder.file("data"), "-p", folder.file("notes"), "--port", "0", "--page-port", "0", "--health-port", "0",
      ])
  }

  /// Datagrams until one begins so; those before it and itself.
  private func heard(_ manager: ServiceManager, until beginning: String) throws -> [String] {
    var all: [String] = []
    while all.last?.hasPrefix(beginning) != true {
      all.append(try #require(manager.next(), "after \(all) nothing is said that begins with \(beginning)"))
    }
    return all
  }

  @Test(arguments: [ServiceManager.Place.path, .abstract])
  func `a process says that it is ready, then that it is alive, and at the end that it stops`(place: ServiceManager.Place)
    async throws
  {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let manager = try ServiceManager(place)
    let process = try start(manager, folder, roles: "table,worker,query")
    let start = try heard(manager, until: "READY=1")
    #expect(start.dropLast().allSatisfy { $0.hasPrefix("STATUS=") || $0.hasPrefix("EXTEND_TIMEOUT_USEC=") }, "\(start)")
    let ready = ContinuousClock.now
    for _ in 0..<4 { #expect(manager.next() == "WATCHDOG=1") }
    // Half of the time after which the process would be taken for dead, four times over.
    #expect(ready.duration(to: .now) > .milliseconds(500))
    process.signal(SIGTERM)
    let end = try heard(manager, until: "STOPPING=1")
    #expect(end.dropLast().allSatisfy { $0 == "WATCHDOG=1" }, "\(end)")
    #expect(await process.ended() == 0, "\(process.errors)")
    #expect(manager.next(within: .zero) == nil)
  }

  @Test func `a process that has nothing to serve yet says what it waits for and not that it is ready`() async throws {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let manager = try ServiceManager(.abstract)
    let process = try start(manager, folder, roles: "query")
    let first = try heard(manager, until: "STATUS=")
    #expect(first == ["STATUS=notes has no read model yet\nEXTEND_TIMEOUT_USEC=60000000"])
    let worker = try await DevProcess.serve([
      "--roles", "table,worker", "--data", folder.file("data"), "-p", folder.file("notes"), "--health-port", "0",
    ])
    _ = try heard(manager, until: "READY=1")
    process.signal(SIGTERM)
    _ = try heard(manager, until: "STOPPING=1")
    #expect(await process.ended() == 0, "\(process.errors)")
    #expect(await worker.stop() == 0)
  }
}

internal import ChangeRecords
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import Projections
internal import ReadModels
internal import RecordLiteralTestKit

/// What belongs to the pipeline: generations, activations, pauses, the ledger.
extension ReadModelConformance {
  private func catalog(_ fixture: StoreFixture) throws -> any PipelineStore {
    try fixture.stores.pipeline(fixture.directory + "/p")
  }

  private func place(_ table: TableIndex, _ partition: Int, _ sequence: SequenceNumber, _ watermark: Instant) -> LogPlace {
    LogPlace(tableID: TestHistory.tableID(table), partition: partition, sequence: sequence, watermark: watermark)
  }

  func activating(_ fixture: StoreFixture) throws {
    let store = try catalog(fixture)
    try require(try store.activations() == Activations(), "a new pipeline has activations")
    let places = [place(0, 0, 10, 100), place(0, 1, 20, 200)]
    try store.activate(["a", "b"], at: places)
    let first = try store.activations()
    try require(
      first.of(TestHistory.tableID(0), 1) == [
        "a": Activation(sequence: 20, watermark: 200), "b": Activation(sequence: 20, watermark: 200),
      ], "\(first)")
    try require(first.ofDecider["a"] == Activation(sequence: 0, watermark: 200), "\(first.ofDecider)")
    // In a table that was re-created an effect is active from its beginning, and so in a partition that was not there.
    try require(
      first.of(TestHistory.tableID(5), 1)["a"] == .always && first.of(TestHistory.tableID(0), 2)["a"] == .always, "\(first)")
    // Those that are there keep their places.
    try store.activate(["a", "b", "c"], at: [place(0, 0, 30, 300)])
    let second = try store.activations().of(TestHistory.tableID(0), 0)
    try require(second["a"]?.sequence == 10 && second["b"]?.sequence == 10 && second["c"]?.sequence == 30, "\(second)")
    // One that leaves the file ends, and begins again when it comes back; one without a log is active all the same.
    _ = try store.setPaused("b", true)
    try store.activate(["a"], at: [])
    try require(Array(try store.activations().places.keys) == ["a"], "\(try store.activations())")
    try store.activate(["a", "b"], at: [])
    let third = try store.activations()
    try require(third.of(TestHistory.tableID(0), 0)["b"] == .always && third.ofDecider["b"] == .always, "\(third)")
    try require(third.of(TestHistory.tableID(0), 0)["a"]?.sequence == 10, "\(third)")
    try require(try store.paused().isEmpty, "an effect that ended is still paused")
    let again = try fixture.stores.pipeline(fixture.directory + "/p")
    try require(try again.activations() == third, "activations do not outlive the process")
  }

  func pausing(_ fixture: StoreFixture) throws {
    let store = try catalog(fixture)
    try store.activate(["a", "b"], at: [])
    try require(try store.paused().isEmpty, "effects begin paused")
    for _ in 0..<2 { try require(try store.setPaused("a", true), "an active effect cannot be paused") }
    try require(try !store.setPaused("unknown", true), "an effect that is not active is paused")
    try require(try store.paused() == ["a"], "\(try store.paused())")
    try store.activate(["a", "b", "c"], at: [])
    try require(try fixture.stores.pipeline(fixture.directory + "/p").paused() == ["a"], "pauses do not outlive the process")
    _ = try store.setPaused("a", false)
    try require(try store.paused().isEmpty, "\(try store.paused())")
  }

  func ledger(_ fixture: StoreFixture) throws {
    let store = try catalog(fixture)
    try require(try store.sent(among: ["a", "b"]).isEmpty, "a new ledger has entries")
    try store.recordSent(["a", "b"], at: 1_000)
    try store.recordSent([], at: .max)
    try store.recordSent(["b", "c"], at: 2_000)
    try require(
      try store.sent(among: ["a", "b", "c", "d"]) == ["a", "b", "c"] && store.sent(among: []).isEmpty, "the ledger forgot")
    let age: Int64 = 30 * 86_400_000
    try store.recordSent(["d"], at: 1_000 + age)
    try require(try store.sent(among: ["a", "b", "c", "d"]) == ["a", "b", "c", "d"], "the ledger forgot too early")
    try store.recordSent(["e"], at: 1_001 + age)
    try require(
      try store.sent(among: ["a", "b", "c", "d", "e"]) == ["c", "d", "e"], "\(try store.sent(among: ["a", "b", "c", "d", "e"]))")
    // Unicode takes these for equal, and they are two keys.
    let (one, other) = ("3:q\u{307}\u{323}", "3:q\u{323}\u{307}")
    try store.recordSent([one], at: 1_001 + age)
    let found = try store.sent(among: [other, one])
    try require(found.map { Array($0.utf8) } == [Array(one.utf8)], "\(found)")
    let again = try fixture.stores.pipeline(fixture.directory + "/p")
    try require(try again.sent(among: ["a", "c"]) == ["c"], "the ledger does not outlive the process")
  }

  func firstGeneration(_ fixture: StoreFixture) throws {
    let store = try catalog(fixture)
    try require(
      try store.generations().isEmpty && store.current() == nil && !store.giveUpCurrent(), "a new pipeline has generations")
    let first = try store.generation(for: "one", definition: StorePipelines.board)
    try require(first.state == .current && first.fingerprint == "one" && first.number == 1, "\(first)")
    try require(try store.generation(for: "one", definition: StorePipelines.board) == first, "asked again it is another")
    try require(try store.generations() == [first] && store.current() == first, "\(try store.generations())")
    let again = try fixture.stores.pipeline(fixture.directory + "/p")
    try require(try again.generation(for: "one", definition: StorePipelines.board) == first, "it does not outlive the process")
  }

  func swapping(_ fixture: StoreFixture) throws {
    let store = try catalog(fixture)
    let first = try store.generation(for: "one", definition: StorePipelines.board)
    let second = try store.generation(for: "two", definition: StorePipelines.board)
    try require(second.state == .building && second.number > first.number, "\(second)")
    try require(
      try store.current() == first && store.generation(for: "two", definition: StorePipelines.board) == second,
      "\(try store.generations())")
    // The definition goes back: what was being built for another is given up, and built from the start when it is asked for again.
    try require(try store.generation(for: "one", definition: StorePipelines.board) == first, "\(try store.generations())")
    try require(try store.generations() == [first], "\(try store.generations())")
    let once = try store.generation(for: "two", definition: StorePipelines.board)
    try require(once.number > second.number, "the number of a generation that was given up comes again")
    // Another definition: what was being built is given up.
    let third = try store.generation(for: "three", definition: StorePipelines.board)
    try require(try store.generations().map(\.fingerprint) == ["one", "three"], "\(try store.generations())")
    try require(third.number != once.number, "the number of a generation that was given up comes again")
    try store.makeCurrent(third)
    try require(try store.current()?.number == third.number, "\(try store.generations())")
    try require(try store.generations().map(\.state) == [.kept, .current], "\(try store.generations())")
    // One that is kept does not serve its definition again: a new one is built.
    let back = try store.generation(for: "one", definition: StorePipelines.board)
    try require(back.state == .building && back.number > third.number, "\(back)")
  }

  func rebuilding(_ fixture: StoreFixture) throws {
    let store = try catalog(fixture)
    let first = try store.generation(for: "one", definition: StorePipelines.board)
    let second = try store.rebuild("one", definition: StorePipelines.board)
    try require(second.state == .building && second.fingerprint == "one" && second.number == 2, "\(second)")
    try require(try store.current() == first, "\(try store.generations())")
    // After a restart it goes on being built.
    try require(try store.generation(for: "one", definition: StorePipelines.board) == second, "a rebuild is forgotten")
    let third = try store.rebuild("one", definition: StorePipelines.board)
    try require(try store.generations().map(\.number) == [1, third.number], "\(try store.generations())")
    try store.makeCurrent(third)
    try require(
      try store.generation(for: "one", definition: StorePipelines.board).number == third.number, "\(try store.generations())")
  }

  func keptGenerations(_ fixture: StoreFixture) throws {
    let store = try catalog(fixture)
    _ = try store.generation(for: "one", definition: StorePipelines.board)
    for _ in 0..<4 { try store.makeCurrent(try store.rebuild("one", definition: StorePipelines.board)) }
    try require(try store.generations().map(\.state) == [.kept, .kept, .current], "\(try store.generations())")
    try require(try store.generations().map(\.number) == [3, 4, 5], "\(try store.generations())")
    // Those that were given up count too; until the next one has caught up nothing serves.
    for _ in 0..<4 {
      try require(try store.giveUpCurrent() && store.current() == nil, "it is still current")
      let next = try store.generation(for: "one", definition: StorePipelines.board)
      try require(next.state == .building, "\(next)")
      try store.makeCurrent(next)
    }
    try require(try store.generations().map(\.state) == [.kept, .kept, .current], "\(try store.generations())")
  }

  func givenUp(_ fixture: StoreFixture) throws {
    let store = try catalog(fixture)
    let first = try store.generation(for: "one", definition: StorePipelines.board)
    let second = try store.rebuild("one", definition: StorePipelines.board)
    _ = try store.generation(for: "two", definition: StorePipelines.board)
    try require(failure { try store.makeCurrent(second) } != nil, "a generation that was given up becomes the current one")
    try require(try store.current() == first, "after that there is \(String(describing: try store.current()))")
  }

  func otherDefinition(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.board)
    let other = try pipeline(StorePipelines.groups)
    guard case .otherFingerprint? = failure({ _ = try fixture.stores.generation(opened.generation, other) }) else {
      throw ConformanceFailure(description: "a generation of another definition opens")
    }
  }
}

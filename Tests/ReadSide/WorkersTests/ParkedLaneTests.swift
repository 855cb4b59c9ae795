import ChangeLog
import ChangeRecords
import DynamoModel
import LiteralTestKit
import MemoryReadModels
import Pipelines
import ProjectionTestKit
import ReadModels
import RecordLiteralTestKit
import Services
import Synchronization
import Telemetry
import Testing

@testable import Workers

/// Lanes that are taken back and come back: from memory where nobody had them meanwhile, else from the store.
@Suite(.timeLimit(.minutes(1))) struct ParkedLaneTests {
  private static let yaml = """
    pipeline: parked
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items: { play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" } } }
    projections: { sittings: { sessions: name, touch: play inserted, gap: 10s, columns: { plays: count } } }

    """

  private static let lane = LaneID(table: 0, partition: 0)

  /// One process's part in a generation: what it keeps from one assignment to the next.
  private struct Process {
    let writer: GenerationWriter
    let parked = ParkedLanes()
    let metrics = Metrics()
    let assignment: LaneAssignment

    init(_ scene: Scene, isShared: Bool = true) throws {
      assignment = LaneAssignment(isShared: isShared)
      if isShared { assignment.assign(["Tab": [0]]) }
      let (models, generation, pipeline) = (scene.models, scene.generation, scene.pipeline)
      writer = try GenerationWriter(name: "parked", committed: Signal()) { () throws(ReadModelError) in
        try models.stores.generation(generation, pipeline)
      }
    }

    /// How often the lane was taken from the store.
    var starts: String? {
      metrics.text.split(separator: "\n").first { $0.hasPrefix("afterimage_lane_starts_total{") }?.split(separator: " ").last
        .map(String.init)
    }
  }

  /// The table's log out of a history that grows.
  private final class GrowingLog: ChangeLog {
    let table = "Tab"
    private let state: Mutex<TestHistory>

    init(_ history: TestHistory) { state = Mutex(history) }

    var history: TestHistory { state.withLock { $0 } }
    func change(_ body: (inout TestHistory) -> Void) { state.withLock { body(&$0) } }

    func describe() async throws(LogError) -> LogDescription { try await history.logs[0].describe() }
    func read(partition: Int, after cursor: LogCursor, limit: ReadLimit, wait: Duration) async throws(LogError) -> RecordBatch {
      let batch = try await history.logs[0].read(partition: partition, after: cursor, limit: limit, wait: wait)
      if batch.entries.isEmpty { try? await Task.sleep(for: .milliseconds(1)) }
      return batch
    }
    func bounds(partition: Int) async throws(LogError) -> LogBounds { try await history.logs[0].bounds(partition: partition) }
    func cursor(partition: Int, time: LogTime) async throws(LogError) -> LogCursor {
      try await history.logs[0].cursor(partition: partition, time: time)
    }
  }

  private struct Scene {
    let models = MemoryReadModels()
    let pipeline: Pipeline
    let generation = Generation(number: 1, fingerprint: "", state: .current, store: "g")
    let log: GrowingLog

    init() throws {
      pipeline = try ProjectionTestKit.pipeline(ParkedLaneTests.yaml)
      log = GrowingLog(TestHistory(pipeline))
    }

    /// So many touches of one session, five seconds apart, which ends only where it was forgotten.
    func play(_ count: Int) {
      for _ in 0..<count {
        log.change { history in
          history.put(["PK": .string("U:ana"), "SK": .string("\(history.order)")])
          history.time += 5_000
        }
      }
    }

    /// Runs the lane until all of the history is in the store, does what is asked for then, and takes it back.
    func run(_ process: Process, meanwhile: (LaneBoard) async throws -> Void = { _ in }) async throws {
      let board = LaneBoard()
      board.describe(0, 1, pipeline)
      let lane = Lane(
        log: log, pipeline: pipeline, id: ParkedLaneTests.lane, generation: generation, writer: process.writer,
        board: board, assignment: process.assignment, hold: try #require(process.assignment.hold("Tab", 0)),
        parked: process.parked, activations: .always([]),
        settings: WorkerSettings(metrics: process.metrics), logger: .silent)
      let work = Task { await lane.run() }
      while board[ParkedLaneTests.lane]?.hasCaughtUp != true { try await Task.sleep(for: .milliseconds(1)) }
      try await meanwhile(board)
      work.cancel()
      await work.value
    }

    var position: LanePosition? {
      get throws { try models.stores.generation(generation, pipeline).lanes()[ParkedLaneTests.lane] }
    }

    static func rows(_ models: MemoryReadModels, _ generation: Generation, _ pipeline: Pipeline) throws -> [String] {
      var rows: [String] = []
      try models.reader(generation, pipeline).rows(0, where: [], newest: nil, limit: .max) { rows.append("\($0)") }
      return rows
    }

    var rows: [String] { get throws { try Scene.rows(models, generation, pipeline) } }

    /// What a lane makes of the whole history that was never taken back.
    var undisturbed: [String] {
      get throws {
        let models = MemoryReadModels()
        try LaneHand(try models.stores.generation(generation, pipeline)).checkpoint(ParkedLaneTests.lane, log.history)
        return try Scene.rows(models, generation, pipeline)
      }
    }
  }

  @Test func `a lane that nobody had meanwhile goes on from memory, under another epoch`() async throws {
    let scene = try Scene()
    let process = try Process(scene)
    for round in 1...3 {
      scene.play(2)
      try await scene.run(process)
      #expect(process.starts == "1" && process.parked.lanes == [Self.lane])
      #expect(try scene.position?.epoch.rawValue == Int64(round))
    }
    let rows = try scene.rows
    #expect(try rows.count == 1 && rows == scene.undisturbed)
  }

  @Test func `one that another process took is loaded anew, and whoever had it before commits nothing`() async throws {
    let scene = try Scene()
    let (first, second) = (try Process(scene), try Process(scene))
    for process in [first, second, first] {
      scene.play(2)
      try await scene.run(process)
    }
    #expect(first.starts == "2" && second.starts == "1")
    #expect(try scene.position?.epoch.rawValue == 3)
    let rows = try scene.rows
    #expect(try rows.count == 1 && rows == scene.undisturbed)
    // What is known to have been taken does not stay in memory.
    #expect(first.parked.lanes == [Self.lane] && second.parked.lanes == [Self.lane])
    for process in [first, second] { process.parked.drop(unlessAt: try await process.writer.lanes()) }
    #expect(first.parked.lanes == [Self.lane] && second.parked.lanes.isEmpty)
  }

  @Test func `what was left is nothing where the store does not hold it`() async throws {
    let scene = try Scene()
    scene.play(1)
    let process = try Process(scene)
    try await scene.run(process)
    let left = try #require(try scene.position)
    var wrong = left
    wrong.cursor.sequence += 1
    #expect(try await process.writer.resume(Self.lane, at: wrong) == nil)
    wrong = left
    wrong.firedThrough = Instant(rawValue: left.firedThrough.rawValue + 1)
    #expect(try await process.writer.resume(Self.lane, at: wrong) == nil)
    #expect(try scene.position == left)
    #expect(try await process.writer.resume(Self.lane, at: left) == left.epoch.next)
    // A commit of unknown outcome that took place after all: nobody goes on from before it.
    #expect(try await process.writer.resume(Self.lane, at: left) == nil)
  }

  @Test func `what could not be committed is not parked, and nothing is in one process`() async throws {
    let scene = try Scene()
    scene.play(1)
    let alone = try Process(scene, isShared: false)
    try await scene.run(alone)
    #expect(alone.parked.lanes.isEmpty)
    scene.play(1)
    let process = try Process(scene)
    try await scene.run(process) { board in
      scene.models.fail(at: .position)
      scene.play(1)
      while board[Self.lane]?.stopped == nil { try await Task.sleep(for: .milliseconds(1)) }
    }
    #expect(process.parked.lanes.isEmpty)
    scene.models.fail(at: nil)
    scene.play(1)
    try await scene.run(process)
    #expect(process.parked.lanes == [Self.lane] && process.starts != "1")
    let rows = try scene.rows
    #expect(try rows.count == 1 && rows == scene.undisturbed)
  }

  @Test(arguments: [true, false]) func `a lane that another process takes is left to it while lanes are shared out anew`(
    _ isBetween: Bool
  )
    async throws
  {
    let scene = try Scene()
    let (first, second) = (try Process(scene), try Process(scene))
    scene.play(1)
    try await scene.run(first) { _ in
      if isBetween { first.assignment.giveBack() }
      let taken = try await second.writer.takeLane(Self.lane, start: try #require(try scene.position).cursor, sessionsMax: 10)
      #expect(taken.position.epoch.rawValue == 2)
      scene.play(1)
      // Who may keep its lane takes it again: nobody else was given it.
      while isBetween ? first.assignment.holds("Tab", 0) : try scene.position?.epoch.rawValue != 3 {
        try await Task.sleep(for: .milliseconds(1))
      }
    }
    #expect(try scene.position?.epoch.rawValue == (isBetween ? 2 : 3) && first.assignment.holds("Tab", 0) == !isBetween)
    scene.play(1)
    try await scene.run(second)
    let rows = try scene.rows
    #expect(try rows.count == 1 && rows == scene.undisturbed)
  }
}

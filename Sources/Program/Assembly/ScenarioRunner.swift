internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Expressions
internal import Foundation
package import PipelineFiles
internal import Pipelines
internal import Projections
internal import ReadModels
internal import Synchronization
internal import TableStore
internal import Telemetry
internal import Workers

/// Runs the scenario tests of a pipeline: each on a table store, a log and a read model of its own, under a clock that the
/// scenario sets. Effects are carried out as soon as they are due.
package struct ScenarioRunner: Sendable {
  /// Log partitions of the tables whose number the pipeline leaves open.
  package let partitions: Int
  /// Forget everything and go on from the file after this many records; nil runs through in one go.
  package let restartEvery: Int?
  /// Deliver each record again and again, as a source may that delivers at least once.
  package let redelivers: Bool
  /// Where read models are kept meanwhile.
  package let place: ScenarioPlace

  package init(partitions: Int = 1, restartEvery: Int? = nil, redelivers: Bool = false, place: ScenarioPlace = .files) {
    self.place = place
    self.partitions = partitions
    self.restartEvery = restartEvery
    self.redelivers = redelivers
  }

  /// What is wrong, each with `file:line`; empty when the scenario holds. Throws `StartError` when the database cannot be asked.
  package func run(_ scenario: Scenario) async throws -> [String] {
    let pipeline = scenario.pipeline
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("afterimage-scenario-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let time = ScenarioTime(wall: scenario.steps.first?.time.milliseconds ?? 0)
    // TTL removals come when the scenario's clock passes them, and not from a thread.
    let store = try TableStore(path: directory + "/tables", options: .init(time: time, sweepsExpired: false))
    defer { store.close() }
    try TableSetup.prepare([pipeline], store, partitions: partitions, .silent)
    let readModel = try place.open(pipeline, directory)
    defer { readModel.close() }
    var run = Run(
      readModel, pipeline: pipeline, tables: store, time: time, restartEvery: restartEvery, redelivers: redelivers)
    var problems: [String] = []
    for step in scenario.steps {
      do {
        try await run.perform(step)
      } catch let error as DynamoError {
        return problems + ["\(scenario.file):\(step.line): a table refuses what the step writes: \(error.message)"]
      }
      for expectation in step.expectations {
        if let problem = try run.problem(expectation) { problems.append("\(scenario.file):\(problem.line): \(problem.text)") }
      }
    }
    return problems
  }
}

/// The scenario's clock: nothing but steps moves it.
private final class ScenarioTime: TimeSource {
  private let now: Mutex<Int64>

  init(wall: Int64) { now = Mutex(wall) }

  func wall() -> Int64 { now.withLock { $0 } }
  func boot() -> Int64 { now.withLock { $0 } }
  func set(_ milliseconds: Int64) { now.withLock { $0 = max($0, milliseconds) } }
}

private struct Run {
  let pipeline: Pipeline
  let tables: TableStore
  let time: ScenarioTime
  var replay: Replay
  let reader: any GenerationReader
  /// What went out in the step that was performed last.
  private var sent: [ScenarioEffect] = []
  /// The idempotency keys of all that was carried out.
  private var keys: Set<String> = []
  /// A query of a scenario may run so long.
  private static let queryTimeMax = Duration.seconds(60)

  init(
    _ readModel: ScenarioReadModel, pipeline: Pipeline, tables: TableStore, time: ScenarioTime, restartEvery: Int?,
    redelivers: Bool
  ) {
    self.pipeline = pipeline
    self.tables = tables
    self.time = time
    reader = readModel.reader
    replay = Replay(
      store: readModel.store,
      logs: pipeline.tables.map { table -> any ChangeLog in
        let log = EmbeddedLog(tables, table: table.name)
        return redelivers ? RedeliveringLog(log) : log
      }, batchRecords: restartEvery ?? 4096, restartEvery: restartEvery, isSettled: true)
  }

  mutating func perform(_ step: Scenario.Step) async throws {
    sent = []
    try await advance(to: step.time.milliseconds)
    for write in step.writes { try await perform(write) }
    try await settle()
  }

  /// Moves the clock, and stops at each instant on the way at which something happens by itself: an item's TTL, a session's deadline.
  private mutating func advance(to target: Int64) async throws {
    while true {
      try await settle()
      let now = time.wall()
      // A deadline lets its own instant pass; an expiry is due at it.
      let deadline = replay.nextDeadline.map { max($0.milliseconds, 0) + 1 }
      let next = [deadline, try tables.nextExpiry(pipeline.tables.map(\.name))?.rawValue].compactMap { $0 }.filter { $0 > now }
        .min()
      guard let next, next < target else { break }
      time.set(next)
    }
    time.set(target)
    try await settle()
  }

  /// Applies what there is up to the clock's time, carries out effects, and so on until nothing more comes.
  private mutating func settle() async throws {
    while true {
      let removed = try tables.removeDue()
      try tables.settleClock()
      _ = try await replay.catchUp()
      var due: [PendingEffect] = []
      for name in EffectRules.names(of: pipeline) {
        due += try replay.store.dueEffects(DueEffects(effect: name, now: .max, limit: 1000))
      }
      for effect in due {
        if keys.insert(effect.idempotencyKey).inserted { try await carryOut(effect) }
        try replay.store.settle([(effect, .done)])
      }
      if due.isEmpty, removed == 0 { return }
    }
  }

  private mutating func carryOut(_ effect: PendingEffect) async throws {
    switch effect.action.kind {
    case .deleteItem(let table, let key, let seen, let through): try await delete(table, key, seen: seen, through: through)
    case .deleteRows(let rows):
      // Everything up to the instant is applied: the clock stands still while a step settles.
      for selection in rows {
        for item in try replay.store.items(of: selection, for: effect) {
          try await delete(selection.table, item.key, seen: Item(), through: item.position)
        }
      }
    case .carryOut(let action):
      sent.append(ScenarioEffect(name: effect.effect, action: action))
      guard sent.count <= Run.effectsMax else {
        throw StartError("more than \(Run.effectsMax) effects in one step: `\(effect.effect)` sets itself off")
      }
      // Nothing leaves a scenario; what is written in its tables is.
      switch action {
      case .put(let table, let key, let item, let condition): try await write(key, in: table, when: condition) { _ in item }
      case .update(let table, let key, let set, let remove, let condition):
        try await write(key, in: table, when: condition) { current in
          var item = current ?? key
          for entry in set.entries { item[entry.name] = entry.value }
          for name in remove { item[name] = nil }
          return item
        }
      case .webhook, .topic, .mail, .refused: break
      }
    }
  }

  /// Effects that one step may set off.
  private static let effectsMax = 10_000

  private func write(
    _ key: Item, in table: String, when condition: ResolvedAction.WriteCondition?, _ made: @escaping @Sendable (Item?) -> Item
  ) async throws {
    let condition = try condition.map {
      try PortableCondition.evaluator($0.text, names: $0.names.map { (placeholder: $0.key, name: $0.value) }, values: $0.values)
    }
    let action = WriteAction(table: table, key: key) { (current) -> WriteChange in
      condition?.evaluate(on: current) ?? true ? .put(made(current)) : .keep
    }
    _ = try await tables.write(WriteTransaction(actions: [action]))
  }

  private func delete(_ table: String, _ key: Item, seen: Item, through: Position) async throws {
    let action = WriteAction(table: table, key: key, seenThrough: through) { (current) -> WriteChange in
      guard let current, seen.entries.allSatisfy({ current[$0.name] == $0.value }) else { return .keep }
      return .delete
    }
    _ = try await tables.write(WriteTransaction(actions: [action], cause: .service))
  }

  private func perform(_ write: Scenario.Write) async throws {
    let actions = try actions(write)
    for action in actions { _ = try await tables.write(WriteTransaction(actions: [action])) }
  }

  private func actions(_ write: Scenario.Write) throws -> [WriteAction] {
    switch write {
    case .put(let table, let item):
      let name = pipeline.tables[table].name
      guard let handle = tables.table(name) else { return [] }
      return [WriteAction(table: name, key: try handle.key(ofPut: item)) { _ in .put(item) }]
    case .update(let table, let key, let set, let remove):
      return [
        WriteAction(table: pipeline.tables[table].name, key: key) { (current) -> WriteChange in
          var item = current ?? key
          for entry in set.entries { item[entry.name] = entry.value }
          for name in remove { item[name] = nil }
          return .put(item)
        }
      ]
    case .delete(let table, let key):
      return [WriteAction(table: pipeline.tables[table].name, key: key) { _ in .delete }]
    case .batch(let writes): return try writes.flatMap { try actions($0) }
    }
  }

  func problem(_ expectation: Scenario.Expectation) throws -> (line: Int, text: String)? {
    switch expectation {
    case .rows(let expected):
      let table = pipeline.projections[expected.projection].table
      var rows: [[Value]] = []
      try reader.storedRows(expected.projection) { row in rows.append(row.values.map { $0 ?? .null }) }
      return expected.problem(rows, of: table).map { (expected.line, $0) }
    case .query(let expected):
      let query = pipeline.queries[expected.query]
      var rows: [[AnswerCell]] = []
      // The clock stands still while a step settles: everything is true for its time.
      try reader.run(
        query.sql, zip(query.parameters, expected.parameters).map { (parameter: $0, value: $1) },
        columns: query.columns, now: Timestamp.text(Instant(LogTime(rawValue: time.wall()))), limit: Run.queryTimeMax
      ) { rows.append($0) }
      return expected.problem(rows, of: query).map { (expected.line, $0) }
    case .board(let expected): return try problem(expected).map { (expected.line, $0) }
    case .effects(let expected): return expected.problem(sent).map { (expected.line, $0) }
    case .deadLetters(let expected, let line):
      var found: [(projection: String, path: String, reason: String)] = []
      try reader.deadLetters(limit: ReadModelLimits.deadLettersMax) { row in
        func text(_ column: Int) -> String { if case .text(let text) = row[column] { text } else { "" } }
        found.append((text(0), text(6), text(7)))
      }
      var left = found
      for (projection, path) in expected {
        guard let index = left.firstIndex(where: { $0.projection == projection && (path == nil || $0.path == path) }) else {
          return (line, "there is no dead letter of `\(projection)`\(path.map { " for \($0)" } ?? ""); there are: \(found)")
        }
        left.remove(at: index)
      }
      return left.isEmpty ? nil : (line, "there are dead letters that are not expected: \(left)")
    }
  }

  private func problem(_ expected: BoardExpectation) throws -> String? {
    guard case .leaderboard(let leaderboard) = pipeline.projections[expected.projection].kind else {
      return "there is no such board"
    }
    let board = try reader.snapshot { try reader.ranks(expected.projection)?.board(expected.board) }
    // As the server answers: who is below the floor is not ranked.
    let counted = board.map { board in leaderboard.floor.map { board.count(atLeast: $0) } ?? board.count } ?? 0
    let members = board?.page(from: 0, limit: min(counted, expected.top.count + 1)) ?? []
    func text(_ scores: [Value]) -> String { scores.map(\.description).joined(separator: " ") }
    let shown = members.map { "\($0.rank) \($0.member) \(text([$0.score] + $0.moreScores))" }.joined(separator: ", ")
    for (place, wanted) in expected.top.enumerated() {
      guard place < members.count else { return "the board has \(members.count) members: \(shown)" }
      let found = members[place]
      let rank = found.rank == found.rank.rounded() ? "\(Int(found.rank))" : "\(found.rank)"
      let scores = [found.score] + found.moreScores
      if found.member != wanted.member || !scores.starts(with: wanted.scores)
        || wanted.rank.map({ $0 != rank }) ?? false
      {
        return
          "place \(place + 1) of the board is \(rank) \(found.member) \(text(scores)), not \(wanted.rank ?? "any") \(wanted.member)"
          + "\(wanted.scores.isEmpty ? "" : " \(text(wanted.scores))"); the board: \(shown)"
      }
    }
    if expected.isWhole, members.count > expected.top.count { return "the board has further members: \(shown)" }
    return nil
  }
}

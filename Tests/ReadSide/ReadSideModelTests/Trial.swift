import DynamoModel
import Pipelines
import Projections
import ReadModels
import TableStore
import Workers

/// One pipeline with one history, tried in several ways.
struct Trial {
  let pipeline: Pipeline
  /// Milliseconds since 1970.
  let start: Int64
  let clocks: ClockDraw
  let seed: UInt64
  var readModels = StoreKind.sqlite

  /// The first difference between the engine and the plain model; nil when there is none.
  func problem(_ steps: [HistoryStep]) async throws -> String? {
    var draw = Draw(seed: seed ^ 0x7a5)
    var digests: [Digest]?
    for partitions in [4, 1] {
      let ways = partitions == 4 ? [Way(), .drawn(&draw), .drawn(&draw)] : [.drawn(&draw)]
      let scene = try Scene(pipeline, start: start, partitions: partitions, clocks: clocks, readModels: readModels)
      var runs: [(way: Way, replay: Replay, model: TrialModel, hasBegun: Bool)] = []
      for way in ways {
        let (replay, readModel) = try scene.replay(way)
        runs.append((way, replay, readModel, false))
      }
      for step in steps {
        try await scene.perform(step)
        if case .recreate(let table) = step {
          for index in runs.indices where runs[index].hasBegun {
            guard try await isStopped(&runs[index].replay) else { return "\(runs[index].way): goes on after the end of \(table)" }
            runs[index].replay.store.close()
            let (replay, readModel) = try scene.replay(runs[index].way)
            runs[index] = (runs[index].way, replay, readModel, false)
          }
        }
        guard case .advance = step else { continue }
        try await scene.settle()
        for index in runs.indices where runs[index].way.isLive {
          try await runs[index].replay.catchUp()
          runs[index].hasBegun = true
        }
      }
      // The watermark passes the last change.
      try await scene.perform(.advance(1))
      try await scene.settle()
      let (changes, watermarks) = try await scene.changes()
      let model = PlainModel(pipeline, changes, watermarks: watermarks)
      for index in runs.indices {
        try await runs[index].replay.catchUp()
        let comparison = Comparison(model: model, readModel: runs[index].model)
        defer { runs[index].replay.store.close() }
        if let difference = try comparison.difference() { return "\(partitions) partitions, \(runs[index].way): \(difference)" }
        let found = try comparison.digests()
        if let digests, digests != found {
          return "\(partitions) partitions, \(runs[index].way): digests \(found), not \(digests)"
        }
        digests = found
      }
    }
    return try await effectProblem(steps, &draw)
  }

  /// Whether the lanes stop where a table was deleted: another generation goes on with the table of its name.
  private func isStopped(_ replay: inout Replay) async throws -> Bool {
    do {
      try await replay.catchUp()
      return false
    } catch let stopped as ReplayStopped {
      return stopped.reason.contains("the table was deleted here")
    }
  }

  /// The same while effects are carried out on the tables, at some steps at once and at others late.
  private func effectProblem(_ steps: [HistoryStep], _ draw: inout Draw) async throws -> String? {
    let expires = pipeline.projections.contains {
      if case .sessions(let sessions) = $0.kind { sessions.expiresItem } else { false }
    }
    guard expires || !pipeline.effects.isEmpty else { return nil }
    // The rows of one table are those of an instant of another: their clocks go together.
    let scene = try Scene(
      pipeline, start: start, partitions: draw.pick([1, 4]), clocks: clocks.history.count == 1 ? .live : clocks,
      readModels: readModels)
    var way = Way.drawn(&draw)
    way.isLive = true
    way.isSettled = true
    var (replay, readModel) = try scene.replay(way)
    defer { replay.store.close() }
    for step in steps {
      // What another generation carries out again is not this trial's.
      if case .recreate = step { continue }
      try await scene.perform(step)
      if draw.chance(3) { try await scene.carryOut(&replay) }
    }
    try await scene.carryOut(&replay)
    let (changes, watermarks) = try await scene.changes()
    var model = PlainModel(pipeline, changes, watermarks: watermarks)
    let comparison = Comparison(model: model, readModel: readModel)
    guard let problem = try comparison.difference(effects: false) ?? model.deletionProblem() else { return nil }
    let log = changes.map {
      "  \($0.place) \($0.itemKey) at \(Timestamp.text($0.time)) \($0.isExpiry ? "expired" : $0.new == nil ? "gone" : "")"
    }
    return "carrying out effects, \(way): \(problem)\n\(log.joined(separator: "\n"))"
  }

  /// Leaves out steps as long as something differs.
  func shrunk(_ steps: [HistoryStep], _ problem: String) async throws -> ([HistoryStep], String) {
    var (left, problem, tries) = (steps, problem, 0)
    var size = max(1, left.count / 2)
    while tries < 150 {
      var place = 0
      var isSmaller = false
      while place < left.count, tries < 150 {
        var fewer = left
        fewer.removeSubrange(place..<min(left.count, place + size))
        tries += 1
        if let found = try await self.problem(fewer) {
          (left, problem, isSmaller) = (fewer, found, true)
        } else {
          place += size
        }
      }
      if size == 1, !isSmaller { break }
      size = max(1, size / 2)
    }
    return (left, problem)
  }
}

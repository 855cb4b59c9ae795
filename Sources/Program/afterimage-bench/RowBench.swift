internal import DynamoModel
internal import PipelineFiles
internal import Pipelines
internal import ReadModels
import SQLiteReadModels
internal import TableStore
internal import Workers

/// Every other kind of rows from the records of `SessionBench`, in short checkpoints: a collection of 20,000 rows, groups and boards.
enum RowBench {
  static let checkpointRecords = 1_000

  static let yaml = """
    pipeline: rows
    tables:
      Activity: { key: { partition: user string } }
    items:
      visit: { in: Activity, match: { user: "{person}" }, fields: { page: page, seen: seen integer, tenant: tenant } }
    projections:
      visits: { collection: visit, key: [person], columns: [page, seen, tenant] }
      pages: { aggregate: [page], of: visit, columns: { people: count, latest: max(seen) } }
      best: { leaderboard: person, each: [visit inserted, visit changed], board: [tenant], score: count }
    """

  static func run(_ report: inout Report) async throws {
    var measured = report
    try await withTemporaryDirectory { directory in
      let store = try TableStore(path: directory + "/tables")
      defer { store.close() }
      _ = try await SessionBench.fill(store)
      let pipeline = try PipelineLoader.load(text: Array(yaml.utf8), file: "bench.yaml")
      let model = try SQLiteGeneration(path: directory + "/read-model.db", pipeline: pipeline)
      var replay = Replay(
        store: model, logs: [EmbeddedLog(store, table: "Activity")], batchRecords: checkpointRecords,
        checkpointEvery: checkpointRecords)
      let watch = Stopwatch()
      try await replay.catchUp()
      measured.add("rows.embedded_per_second", Double(SessionBench.records) / watch.seconds, "records/s")
      measured.add("rows.embedded_per_cpu_second", Double(SessionBench.records) / watch.cpuSeconds, "records/cpu-s")
    }
    report = measured
  }
}

internal import ChangeRecords
internal import DynamoModel
package import Pipelines

/// Makes the fold of each kind of projection. A new kind is one case here and one file beside the others.
enum FoldRegistry {
  /// The lane that a fold is of.
  struct Lane {
    let table: TableIndex
    let tableID: TableID
    let partition: Int
  }

  /// The fold of a projection in a lane of a table that feeds it. `stored` is what the read model holds of the lane's sessions, and
  /// `residentMax` how many stay in memory.
  static func fold(
    _ id: ProjectionID, of pipeline: Pipeline, lane: Lane, residentMax: Int, stored: StoredSessions
  ) -> any Fold {
    let table = lane.table
    let sources = pipeline.projections[id].sources
    let names = ItemNames(sources, of: table, in: pipeline)
    let ofTable = sources.filter { $0.table == table }
    return switch pipeline.projections[id].kind {
    case .collection(let collection) where collection.latestBy != nil:
      GroupFold(GroupPlan(latest: collection), sources: ofTable, names: names, id: id)
    case .collection(let collection): CollectionFold(collection, sources: ofTable, names: names, id: id)
    case .aggregate(let aggregate):
      GroupFold(
        GroupPlan(aggregate), sources: ofTable, names: names, id: id, isWatched: DeciderEngine.watches(of: pipeline)[id] != nil)
    case .leaderboard(let board): GroupFold(GroupPlan(board), sources: ofTable, names: names, id: id)
    case .history(let history): HistoryFold(history, id: id, lane: lane)
    case .sessions(let sessions) where sessions.isFoldedByDecider: SessionHandover(sessions, id: id, table: table)
    case .sessions(let sessions):
      if let rules = TimedRules(sessions, keyNames: pipeline.tables[table].keyNames) {
        TimedSessionFold(rules, id: id, table: table, residentMax: residentMax, stored: stored)
      } else {
        SessionLaneFold(
          sessions, id: id, table: table, keyNames: pipeline.tables[table].keyNames, residentMax: residentMax, stored: stored)
      }
    }
  }
}

extension PipelineTable {
  /// The attributes of an item's key, partition key first.
  package var keyNames: [String] { definition.key.attributes.map(\.name) }
}

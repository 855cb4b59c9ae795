internal import DynamoModel
internal import Pipelines

/// The bytes by which the items that feed a projection over items are told apart, and ordered: those of the item's key, and of items of several tables the
/// table's name after them, for their keys may be equal. The name follows a byte below those that values begin with: a key that another one begins with
/// comes before it, whatever the tables are called.
struct ItemNames: Sendable {
  private let suffix: [UInt8]

  /// Of the items of one table among those of all sources.
  init(_ sources: [Source], of table: TableIndex, in pipeline: Pipeline) {
    let isAlone = sources.allSatisfy { $0.table == table }
    suffix = isAlone ? [] : [0] + Value.ordered([.string(pipeline.tables[table].definition.name)])
  }

  func name(of change: Change) -> [UInt8] { suffix.isEmpty ? change.itemKey : change.itemKey + suffix }
}

import ChangeRecords
import DynamoModel
import Pipelines

/// What the documents say that the rows are, recomputed from the list of all changes with dictionaries and sorting: nothing is kept up to
/// date, nothing is merged, nothing depends on how the changes came.
struct PlainModel {
  let pipeline: Pipeline
  /// All changes of all tables, in their order.
  let changes: [PlainChange]
  /// By table: the least watermark of its partitions.
  let watermarks: [TableIndex: Instant]
  /// By projection: rows without `_item`.
  var rows: [ProjectionID: [[Value]]] = [:]
  var deadLetters: Set<PlainDeadLetter> = []
  var effects: [PlainEffect] = []
  /// By projection: boards whose period has passed, and when that was seen in the order of the records.
  var closed: [ProjectionID: [(board: [Value], at: PlainStamp)]] = [:]
  /// By projection: the sessions that have ended.
  var ended: [ProjectionID: [PlainSession]] = [:]

  init(_ pipeline: Pipeline, _ changes: [PlainChange], watermarks: [TableIndex: Instant]) {
    self.pipeline = pipeline
    self.changes = changes
    self.watermarks = watermarks
    for id in pipeline.projections.ids {
      let projection = pipeline.projections[id]
      switch projection.kind {
      case .collection(let collection): rows[id] = collectionRows(collection, projection)
      case .aggregate(let aggregate): rows[id] = aggregateRows(aggregate, projection)
      case .leaderboard(let board): rows[id] = boardRows(board, id)
      case .sessions(let sessions): rows[id] = sessionRows(sessions, id)
      case .history(let history): rows[id] = historyRows(history, id)
      }
    }
    for change in changes { checkTimeToLive(change) }
    for id in pipeline.projections.ids { effects += expiries(id) }
    for effect in pipeline.effects { effects += derived(effect) }
  }

  /// Only the changes, with nothing made of them.
  private init(_ changes: ArraySlice<PlainChange>, of model: PlainModel) {
    (pipeline, self.changes, watermarks) = (model.pipeline, Array(changes), model.watermarks)
  }

  /// What the rows of an aggregate were after so many changes.
  func rows(of id: ProjectionID, after count: Int) -> [[Value]] {
    guard case .aggregate(let aggregate) = pipeline.projections[id].kind else { return [] }
    var then = PlainModel(changes.prefix(count), of: self)
    return then.aggregateRows(aggregate, pipeline.projections[id])
  }

  /// The least watermark of the tables that feed a projection.
  func watermark(_ id: ProjectionID) -> Instant {
    feeding(id).compactMap { watermarks[$0] }.min() ?? .distantFuture
  }

  /// The tables that feed a projection.
  func feeding(_ id: ProjectionID) -> Set<TableIndex> { Set(pipeline.projections[id].sources.map(\.table)) }

  mutating func refuse(_ projection: String, _ change: PlainChange, _ failure: EvaluationFailure) {
    // One dead letter for a record and projection, whatever else is wrong with it.
    if deadLetters.contains(where: { $0.projection == projection && $0.place == change.place }) { return }
    deadLetters.insert(PlainDeadLetter(projection: projection, kind: "record", path: failure.path, place: change.place))
  }

  /// A TTL that is not a number is said of the change that brought it.
  private mutating func checkTimeToLive(_ change: PlainChange) {
    guard let name = pipeline.tables[change.table].definition.timeToLive, let value = change.new?.item[name],
      change.oldItem?[name] != value
    else { return }
    switch value {
    case .number, .null: break
    default: deadLetters.insert(PlainDeadLetter(projection: "_ttl", kind: "record", path: name, place: change.place))
    }
  }

  // MARK: Over items

  /// What the item of a change gave before it and gives after it.
  struct ItemStep {
    let change: PlainChange
    let old: [[Value]]
    let new: [[Value]]
    /// The image that the change leaves cannot be read.
    var isUnreadable = false

    /// What the change takes away or adds: a contribution that stays as it is touches nothing.
    var net: [[Value]] {
      var counts: [[Value]: Int] = [:]
      for values in old { counts[values, default: 0] -= 1 }
      for values in new { counts[values, default: 0] += 1 }
      return counts.filter { $0.value != 0 }.map(\.key)
    }
  }

  /// Every change of an item that a source sees. An image that cannot be read contributes nothing.
  mutating func itemSteps(_ sources: [Source], _ projection: String) -> [ItemStep] {
    var steps: [ItemStep] = []
    for change in changes where sources.contains(where: { $0.table == change.table }) {
      var old: [[Value]] = []
      var new: [[Value]] = []
      var isUnreadable = false
      for source in sources where source.table == change.table {
        if let image = change.old, source.holds(image) { old = (try? source.contributions(of: image, commit: nil)) ?? [] }
        guard let image = change.new, source.holds(image) else { continue }
        do throws(EvaluationFailure) {
          new = try source.contributions(of: image, commit: nil)
        } catch {
          isUnreadable = true
          refuse(projection, change, error)
        }
      }
      steps.append(ItemStep(change: change, old: old, new: new, isUnreadable: isUnreadable))
    }
    return steps
  }

  private mutating func collectionRows(_ collection: Collection, _ projection: Projection) -> [[Value]] {
    if let order = collection.latestBy { return latestRows(collection, by: order, projection) }
    var rows: [PlainItemKey: [[Value]: [Value]]] = [:]
    for step in itemSteps(collection.sources, projection.name) where !(step.isUnreadable && collection.keepsUnreadable) {
      var own: [[Value]: [Value]] = [:]
      for values in step.new where !values[..<collection.keyCount].contains(where: \.isNull) {
        own[Array(values[..<collection.keyCount])] = values + trace(step.change.stamp)
      }
      rows[step.change.itemKey] = own
    }
    return rows.values.flatMap(\.values)
  }

  /// `_at`, `_order` and `_position`.
  func trace(_ stamp: PlainStamp) -> [Value] {
    let position = changes.first { $0.stamp == stamp }?.position.description ?? "none"
    return [.timestamp(stamp.time), .integer(Int64(bitPattern: stamp.order.rawValue)), .string(position)]
  }

  // MARK: Over changes

  /// What each change gives to rules over changes. One change is one event for an item, however many of the rule's changes it is.
  mutating func changeEntries(_ sources: [Source], _ projection: String) -> [PlainEntry] {
    var entries: [PlainEntry] = []
    for change in changes {
      for (values, place) in fired(sources, change, projection) {
        entries.append(PlainEntry(values: values, stamp: change.stamp, itemKey: change.itemKey, place: place))
      }
    }
    return entries
  }

  /// What a change gives to rules over changes; nothing when one of them cannot read it.
  mutating func fired(_ sources: [Source], _ change: PlainChange, _ projection: String) -> [(values: [Value], place: Int)] {
    taken(sources, change, projection) ?? []
  }

  /// The same, but nil when the change is a dead letter.
  mutating func taken(_ sources: [Source], _ change: PlainChange, _ projection: String) -> [(values: [Value], place: Int)]? {
    var found: [(values: [Value], place: Int)] = []
    var rules: Set<RuleIndex> = []
    for source in sources where source.table == change.table && !rules.contains(source.rule) {
      guard let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: change.time) else {
        continue
      }
      rules.insert(source.rule)
      do throws(EvaluationFailure) {
        let (old, new) = (change.old?.rule == source.rule ? change.old : nil, change.new?.rule == source.rule ? change.new : nil)
        let contributions = try source.contributions(of: image, commit: change.time, old: old, new: new)
        for values in contributions { found.append((values, found.count)) }
      } catch {
        refuse(projection, change, error)
        return nil
      }
    }
    return found
  }
}

internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels

/// The outbox in the order of the effects' numbers.
extension MemoryGeneration {
  mutating func write(_ entry: OutboxEntry, _ lane: LaneID) {
    if outbox.contains(where: { $0.listed.pending.idempotencyKey == entry.idempotencyKey }) { return }
    lastEffect = EffectID(rawValue: lastEffect.rawValue + 1)
    let pending = PendingEffect(
      id: lastEffect, idempotencyKey: entry.idempotencyKey, effect: entry.name, at: entry.time,
      order: min(entry.order, CommitOrder(rawValue: UInt64(Int64.max))), action: OutboxAction(entry, pipeline), attempts: 0)
    outbox.append(
      MemoryEffect(
        listed: ListedEffect(pending: pending, state: .pending, note: "", notBefore: 0), lane: lane, origin: entry.origin))
  }

  func due(_ query: DueEffects) -> [PendingEffect] {
    var targets: Set<String> = []
    var due: [PendingEffect] = []
    for effect in outbox where effect.listed.state == .pending {
      let pending = effect.listed.pending
      guard targets.insert(pending.action.target).inserted else { continue }
      if pending.effect == query.effect, pending.at < query.before, effect.listed.notBefore <= query.now { due.append(pending) }
    }
    return Array(due.prefix(query.limit))
  }

  mutating func settle(_ id: EffectID, _ outcome: EffectOutcome) {
    guard let place = outbox.firstIndex(where: { $0.listed.pending.id == id }) else { return }
    let listed = outbox[place].listed
    let attempts = listed.pending.attempts + 1
    switch outcome {
    case .done: outbox.remove(at: place)
    case .suppressed:
      outbox.remove(at: place)
      suppressed += 1
    case .retry(let notBefore, let note):
      outbox[place].listed = MemoryGeneration.listed(listed.pending, listed.state, attempts: attempts, notBefore: notBefore, note)
    case .failed(let note):
      outbox[place].listed = MemoryGeneration.listed(
        listed.pending, .failed, attempts: attempts, notBefore: listed.notBefore, note)
    }
  }

  mutating func change(_ selection: EffectSelection, _ change: EffectChange) -> Int {
    let chosen = outbox.indices.filter { index in
      let listed = outbox[index].listed
      return switch selection {
      case .one(let id): listed.pending.id == id
      case .all(let effect, let state): listed.pending.effect == effect && listed.state == state
      }
    }
    switch change {
    case .retry:
      for index in chosen {
        outbox[index].listed = MemoryGeneration.listed(outbox[index].listed.pending, .pending, attempts: 0, notBefore: 0, "")
      }
    case .discard: for index in chosen.reversed() { outbox.remove(at: index) }
    }
    return chosen.count
  }

  private static func listed(
    _ old: PendingEffect, _ state: EffectState, attempts: Int, notBefore: Int64, _ note: String, id: EffectID? = nil
  ) -> ListedEffect {
    let pending = PendingEffect(
      id: id ?? old.id, idempotencyKey: old.idempotencyKey, effect: old.effect, at: old.at, order: old.order, action: old.action,
      attempts: attempts)
    return ListedEffect(pending: pending, state: state, note: note, notBefore: notBefore)
  }

  /// What the old one had waiting comes before what this one has made since.
  mutating func handOver(_ old: OldGeneration) {
    let own = outbox.filter { effect in
      guard let lane = effect.lane, let origin = effect.origin else { return false }
      let at = effect.listed.pending.at
      if lane == LaneID.decider {
        let projection = EffectRules.projection(awaitedBy: effect.listed.pending.effect, of: pipeline)
        return projection.flatMap { old.decided[$0] }.map { at >= $0 } ?? true
      }
      guard let own = lanes[lane], let position = old.position(lane, of: own) else { return true }
      return switch origin {
      case .record(let sequence): sequence > position.cursor.sequence
      case .deadline(let firedAt): firedAt >= position.firedThrough
      }
    }
    let keys = Set(old.outbox.map(\.pending.idempotencyKey))
    var all = old.outbox.map { MemoryEffect(listed: $0, lane: nil, origin: nil) }
    all += own.filter { !keys.contains($0.listed.pending.idempotencyKey) }
    for index in all.indices {
      lastEffect = EffectID(rawValue: lastEffect.rawValue + 1)
      let listed = all[index].listed
      all[index].listed = MemoryGeneration.listed(
        listed.pending, listed.state, attempts: listed.pending.attempts, notBefore: listed.notBefore, listed.note,
        id: lastEffect)
    }
    outbox = all
  }

  func items(_ rows: OutboxAction.Rows, _ effect: PendingEffect) throws -> [RowItem] {
    guard let id = pipeline.projection(named: rows.projection), let table = pipeline.table(named: rows.table) else {
      return []
    }
    let columns = pipeline.projections[id].table
    guard let item = columns.column(named: "_item"), let at = columns.column(named: "_at"),
      let order = columns.column(named: "_order"),
      let position = columns.column(named: "_position")
    else { return [] }
    var found: [BytesKey: RowItem] = [:]
    for row in self.rows[id, default: [:]].values {
      let isThere = rows.equals.allSatisfy { equality in
        guard let column = columns.columns.firstIndex(where: { $0.sortName == equality.column }) else { return false }
        return !row[column].isNull && Value.ordered(CollectionOfOne(row[column])) == equality.value
      }
      guard isThere, case .timestamp(let time) = row[at], case .integer(let rank) = row[order], case .bytes(let bytes) = row[item]
      else { continue }
      guard time < effect.at || (time == effect.at && UInt64(bitPattern: rank) <= effect.order.rawValue) else { continue }
      guard let key = ItemKeyBytes.key(bytes, pipeline.tables[table].keyNames), let place = Position(row[position].description)
      else {
        throw StateError()
      }
      found[BytesKey(bytes)] = RowItem(key: key, position: place)
    }
    return found.sorted { Bytes.less($0.key.bytes, $1.key.bytes) }.map(\.value)
  }
}

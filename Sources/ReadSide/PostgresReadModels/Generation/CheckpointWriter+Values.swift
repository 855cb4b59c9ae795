internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections

/// Merging deltas and deriving rows for many groups at once: what each asks of `_values` is fetched for all together.
extension CheckpointWriter {
  /// Merges each work's delta into its state, and writes the counts of values that this changes.
  func merge(_ works: [GroupWork]) throws {
    var waiting: [Int] = []
    for index in works.indices where try !merge(works[index]) { waiting.append(index) }
    try fetchCounts(waiting, works)
    for index in waiting where try !merge(works[index]) { throw StateError() }
    try writeCounts(works)
  }

  /// False when counts of values are wanted first.
  private func merge(_ work: GroupWork) throws -> Bool {
    guard let delta = work.delta else { return true }
    var (state, values) = (work.state, work.values)
    do {
      try state.merge(delta.all.deltas, delta.slot, work.plan, values: &values)
    } catch is AskedValues.Unanswered {
      return false
    }
    (work.state, work.values) = (state, values)
    return true
  }

  private func fetchCounts(_ waiting: [Int], _ works: [GroupWork]) throws {
    if waiting.isEmpty { return }
    var owners: [(work: Int, place: AskedValues.Place)] = []
    for index in waiting {
      guard let delta = works[index].delta else { continue }
      owners += delta.all.deltas.countedKeys(delta.slot).map { (index, .init(column: $0.column, key: $0.key)) }
    }
    var found: [Int: [AskedValues.Place: (count: Int64, kept: [UInt8])]] = [:]
    try connection.forEach(
      """
      SELECT u.place, v.count, v.kept
      FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[]) WITH ORDINALITY AS u (p, k, c, v, i, place)
      JOIN _values v ON \(CheckpointWriter.isSameValue)
      """, .bigints(owners.map { Int64(works[$0.work].id.rawValue) }), .blobs(owners.map { works[$0.work].sharedKey.key }),
      .bigints(owners.map { Int64($0.place.column) }), .blobs(owners.map(\.place.key)),
      .blobs(owners.map { ValueKey.id($0.place.key) })
    ) { rows, row in
      let owner = owners[try rows.place(row, below: owners.count)]
      found[owner.work, default: [:]][owner.place] = (rows.int64(row, 1), rows.bytes(row, 2) ?? [])
    }
    for index in waiting { works[index].values.answer(counts: found[index] ?? [:]) }
  }

  /// Whether a row of `_values` is that of `u`: projection, group, column, value and the value's hash.
  private static let isSameValue =
    "v.projection = u.p AND v.id = u.k AND v.column_number = u.c AND \(ValueKey.indexed("v.value_key")) = \(ValueKey.indexed("u.v")) "
    + "AND v.value_id = u.i"

  private func writeCounts(_ works: [GroupWork]) throws {
    var put = ValueRows()
    var gone = ValueRows()
    for work in works {
      for place in work.values.changed.sorted(by: AskedValues.Place.isBefore) {
        let (count, kept) = work.values.count(place)
        if count == 0 { gone.append(work, place) } else { put.append(work, place, kept: kept, count: count) }
      }
    }
    if put.count > 0 {
      try write(
        """
        INSERT INTO _values (projection, id, column_number, value_key, value_id, kept, count)
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bigint[])
        ON CONFLICT (projection, id, column_number, \(ValueKey.indexed("value_key")), value_id) DO UPDATE SET count = excluded.count, kept = excluded.kept
        """, put.parameters)
    }
    if gone.count > 0 {
      try write(
        """
        DELETE FROM _values v USING unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[]) AS u (p, k, c, v, i)
        WHERE \(CheckpointWriter.isSameValue)
        """, Array(gone.parameters.prefix(5)))
    }
  }

  /// What the rows say of the works that are alive. The rounds are as many as a row asks things one after the other, however many rows there are.
  func derive(_ works: [GroupWork]) throws {
    var waiting = works.indices.filter { works[$0].isAlive }
    while !waiting.isEmpty {
      var questions: [(work: Int, question: AskedValues.Question)] = []
      for index in waiting {
        let work = works[index]
        var (state, values) = (work.state, work.values)
        do {
          works[index].shown = try state.shown(work.plan, &values)
          (works[index].state, works[index].values) = (state, values)
        } catch let error as AskedValues.Unanswered {
          questions.append((index, error.question))
        }
      }
      try answer(questions, works)
      waiting = questions.map(\.work)
    }
    try remove(works)
  }

  /// All of a round in one round trip.
  private func answer(_ questions: [(work: Int, question: AskedValues.Question)], _ works: [GroupWork]) throws {
    var round: [(query: PostgresQuery, take: (PostgresResult) throws -> Void)] = []
    for greatest in [false, true] {
      let asked = questions.compactMap { work, question -> (work: Int, column: Int)? in
        guard case .extreme(let column, greatest) = question else { return nil }
        return (work, column)
      }
      if !asked.isEmpty { round.append(extremes(asked, greatest: greatest, works)) }
    }
    let least = questions.compactMap { work, question -> (work: Int, place: AskedValues.Place)? in
      guard case .least(let column, let prefix) = question else { return nil }
      return (work, AskedValues.Place(column: column, key: prefix))
    }
    if !least.isEmpty { round.append(leasts(least, works)) }
    let earlier = questions.compactMap { work, question -> (work: Int, place: AskedValues.Place, limit: Int)? in
      guard case .before(let place, let limit) = question else { return nil }
      return (work, place, limit)
    }
    if !earlier.isEmpty { round.append(before(earlier, works)) }
    for (asked, rows) in zip(round, try connection.run(round.map(\.query))) { try asked.take(rows) }
  }

  private func extremes(
    _ asked: [(work: Int, column: Int)], greatest: Bool, _ works: [GroupWork]
  ) -> (PostgresQuery, (PostgresResult) throws -> Void) {
    let direction = greatest ? " DESC" : ""
    let query = PostgresQuery(
      """
      SELECT u.place, f.value_key, f.kept FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) WITH ORDINALITY AS u (p, k, c, place)
      CROSS JOIN LATERAL (SELECT v.value_key, v.kept FROM _values v WHERE v.projection = u.p AND v.id = u.k AND v.column_number = u.c
      ORDER BY \(ValueKey.indexed("v.value_key"))\(direction), v.value_key\(direction) LIMIT 1) f
      """,
      [
        .bigints(asked.map { Int64(works[$0.work].id.rawValue) }), .blobs(asked.map { works[$0.work].sharedKey.key }),
        .bigints(asked.map { Int64($0.column) }),
      ])
    return (
      query,
      { rows in
        for (work, column) in asked { works[work].values.answer(extreme: column, greatest: greatest, nil) }
        for row in 0..<rows.count {
          let (work, column) = asked[try rows.place(row, below: asked.count)]
          works[work].values.answer(
            extreme: column, greatest: greatest, .init(key: rows.bytes(row, 1) ?? [], kept: rows.bytes(row, 2) ?? []))
        }
      }
    )
  }

  private func leasts(
    _ asked: [(work: Int, place: AskedValues.Place)], _ works: [GroupWork]
  ) -> (PostgresQuery, (PostgresResult) throws -> Void) {
    let query = PostgresQuery(
      """
      SELECT u.place, f.kept FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[])
      WITH ORDINALITY AS u (p, k, c, low, high, place)
      CROSS JOIN LATERAL (SELECT v.kept FROM _values v WHERE v.projection = u.p AND v.id = u.k AND v.column_number = u.c
      AND v.value_key >= u.low AND v.value_key < u.high
      AND \(ValueKey.indexed("v.value_key")) BETWEEN \(ValueKey.indexed("u.low")) AND \(ValueKey.indexed("u.high"))
      ORDER BY v.kept LIMIT 1) f
      """,
      [
        .bigints(asked.map { Int64(works[$0.work].id.rawValue) }), .blobs(asked.map { works[$0.work].sharedKey.key }),
        .bigints(asked.map { Int64($0.place.column) }), .blobs(asked.map(\.place.key)),
        // After a score comes an item's key, which begins with a small tag.
        .blobs(asked.map { $0.place.key + [0xff] }),
      ])
    return (
      query,
      { rows in
        for (work, place) in asked { works[work].values.answer(least: place.column, prefix: place.key, nil) }
        for row in 0..<rows.count {
          let (work, place) = asked[try rows.place(row, below: asked.count)]
          works[work].values.answer(least: place.column, prefix: place.key, rows.bytes(row, 1) ?? [])
        }
      }
    )
  }

  private func before(
    _ asked: [(work: Int, place: AskedValues.Place, limit: Int)], _ works: [GroupWork]
  ) -> (PostgresQuery, (PostgresResult) throws -> Void) {
    let query = PostgresQuery(
      """
      SELECT u.place, f.value_key, f.kept
      FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bigint[]) WITH ORDINALITY AS u (p, k, c, high, most, place)
      CROSS JOIN LATERAL (SELECT v.value_key, v.kept FROM _values v WHERE v.projection = u.p AND v.id = u.k AND v.column_number = u.c
      AND v.value_key < u.high AND \(ValueKey.indexed("v.value_key")) <= \(ValueKey.indexed("u.high"))
      ORDER BY \(ValueKey.indexed("v.value_key")) DESC, v.value_key DESC LIMIT u.most) f ORDER BY u.place, f.value_key DESC
      """,
      [
        .bigints(asked.map { Int64(works[$0.work].id.rawValue) }), .blobs(asked.map { works[$0.work].sharedKey.key }),
        .bigints(asked.map { Int64($0.place.column) }), .blobs(asked.map(\.place.key)), .bigints(asked.map { Int64($0.limit) }),
      ])
    return (
      query,
      { rows in
        var found = [[AskedValues.Entry]](repeating: [], count: asked.count)
        for row in 0..<rows.count {
          let place = try rows.place(row, below: asked.count)
          found[place].append(.init(key: rows.bytes(row, 1) ?? [], kept: rows.bytes(row, 2) ?? []))
        }
        for (index, question) in asked.enumerated() {
          works[question.work].values.answer(before: question.place, limit: question.limit, found[index])
        }
      }
    )
  }

  private func remove(_ works: [GroupWork]) throws {
    var rows: [(work: GroupWork, removal: AskedValues.Removal)] = []
    for work in works { rows += work.values.removals.map { (work, $0) } }
    if rows.isEmpty { return }
    try write(
      """
      DELETE FROM _values v USING unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[]) AS u (p, k, c, low, high)
      WHERE v.projection = u.p AND v.id = u.k AND v.column_number = u.c AND v.value_key > u.low AND v.value_key < u.high
      AND \(ValueKey.indexed("v.value_key")) BETWEEN \(ValueKey.indexed("u.low")) AND \(ValueKey.indexed("u.high"))
      """, .bigints(rows.map { Int64($0.work.id.rawValue) }), .blobs(rows.map(\.work.sharedKey.key)),
      .bigints(rows.map { Int64($0.removal.column) }), .blobs(rows.map(\.removal.low)), .blobs(rows.map(\.removal.high)))
  }
}

/// Rows of `_values`, column by column.
private struct ValueRows {
  private var projections = PostgresArray(.bigint)
  private var keys = PostgresArray(.bytes)
  private var columns = PostgresArray(.bigint)
  private var values = PostgresArray(.bytes)
  private var ids = PostgresArray(.bytes)
  private var kept = PostgresArray(.bytes)
  private var counts = PostgresArray(.bigint)

  var count: Int { projections.count }

  mutating func append(_ work: GroupWork, _ place: AskedValues.Place, kept: [UInt8] = [], count: Int64 = 0) {
    projections.append(Int64(work.id.rawValue))
    keys.append(work.sharedKey.key)
    columns.append(Int64(place.column))
    values.append(place.key)
    ids.append(ValueKey.id(place.key))
    self.kept.append(kept)
    counts.append(count)
  }

  var parameters: [PostgresValue] { [projections, keys, columns, values, ids, kept, counts].map { .array($0) } }
}

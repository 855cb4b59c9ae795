internal import Postgres
package import ReadModels

extension PostgresReader {
  package func effectCounts() throws -> [EffectCount] {
    try read { connection in
      var counts: [EffectCount] = []
      try connection.forEach("SELECT effect, state, count(*) FROM _outbox GROUP BY state, effect ORDER BY effect, state DESC") {
        rows, row in
        guard let effect = rows.text(row, 0), let state = rows.text(row, 1).flatMap({ EffectState(rawValue: $0) }) else { return }
        counts.append(EffectCount(effect: effect, state: state, count: Int(rows.int64(row, 2))))
      }
      return counts
    }
  }
}

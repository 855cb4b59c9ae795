internal import DynamoModel
internal import Pipelines
internal import YAML

/// Reads `seasons: { spring: 2026-03-01T00:00:00Z, summer: { starts: ..., ends: ... } }`.
struct SeasonsReader {
  let findings: Findings

  /// Nil, with findings, when there is none that could be one.
  func read(_ node: YAMLNode) -> Seasons? {
    guard let entries = node.mapping, !entries.isEmpty else {
      findings.add(node.mark, "`seasons` are names and starts: `seasons: { spring: 2026-03-01T00:00:00Z }`")
      return nil
    }
    if entries.count > Seasons.countMax {
      findings.add(node.mark, "these are \(entries.count) seasons, and a file lists at most \(Seasons.countMax)")
      return nil
    }
    let known = entries.compactMap { entry in season(entry).map { (entry, $0) } }
    guard known.count == entries.count else { return nil }
    var all: [Seasons.Season] = []
    for (place, (entry, season)) in known.enumerated() {
      let next = place + 1 < known.count ? known[place + 1].1.starts : .distantFuture
      if next <= season.starts {
        findings.add(
          known[place + 1].0.key.mark,
          "the seasons stand in the order of their starts, and this one does not start after the one before")
        return nil
      }
      if let ends = season.ends, ends > next {
        findings.add(entry.key.mark, "the season ends after the next one has started")
        return nil
      }
      all.append(.init(name: entry.key.text, period: season.starts..<(season.ends ?? next)))
    }
    return Seasons(all)
  }

  private func season(_ entry: YAMLNode.Entry) -> (starts: Instant, ends: Instant?)? {
    if entry.key.text.isEmpty || entry.key.text.utf8.count > Seasons.nameBytesMax || entry.key.text.utf8.contains(0) {
      findings.add(entry.key.mark, "the name of a season has 1 to \(Seasons.nameBytesMax) bytes, none of which is 0")
      return nil
    }
    guard entry.value.mapping != nil else { return instant(entry.value, "the start of a season").map { ($0, nil) } }
    guard let reader = MappingReader(entry.value, Grammar.season, findings), let node = reader.require("starts") else {
      return nil
    }
    let ends = reader.take("ends")
    guard let starts = instant(node, "`starts`") else { return nil }
    guard let ends else { return (starts, nil) }
    guard let end = instant(ends, "`ends`") else { return nil }
    if end <= starts {
      findings.add(ends.mark, "the season ends before it has started")
      return nil
    }
    return (starts, end)
  }

  private func instant(_ node: YAMLNode, _ what: String) -> Instant? {
    guard let text = findings.text(node, what) else { return nil }
    if let instant = try? Timestamp.parse(text, zone: nil) { return instant }
    findings.add(node.mark, "`\(text)` is not a timestamp with a zone, as `2026-03-01T00:00:00+01:00`")
    return nil
  }
}

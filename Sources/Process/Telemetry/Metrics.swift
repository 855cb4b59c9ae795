internal import Synchronization

/// Counters and gauges, printed as Prometheus text. Made once, changed from any thread without a lock on the hot path.
package final class Metrics: Sendable {
  /// A number that is set or added to.
  package final class Cell: Sendable {
    private let value = Atomic<Int64>(0)

    package func add(_ amount: Int64 = 1) { value.wrappingAdd(amount, ordering: .relaxed) }
    package func set(_ amount: Int64) { value.store(amount, ordering: .relaxed) }
    package var current: Int64 { value.load(ordering: .relaxed) }
  }

  package enum Kind: String, Sendable { case counter, gauge }

  private struct Family {
    let kind: Kind
    let help: String
    var cells: [(labels: String, cell: Cell)]
  }

  private let families = Mutex<[String: Family]>([:])

  package init() {}

  /// The cell of a name and its labels; the same one for the same labels. `name` ends in `_total` for counters.
  package func cell(
    _ kind: Kind, _ name: String, help: String, labels: KeyValuePairs<String, String> = [:]
  ) -> Cell {
    let text =
      labels.isEmpty ? "" : "{" + labels.map { "\($0.key)=\"\(Metrics.escaped($0.value))\"" }.joined(separator: ",") + "}"
    return families.withLock { families in
      var family = families[name] ?? Family(kind: kind, help: help, cells: [])
      if let existing = family.cells.first(where: { $0.labels == text }) { return existing.cell }
      let cell = Cell()
      family.cells.append((text, cell))
      families[name] = family
      return cell
    }
  }

  /// The exposition format, version 0.0.4, families and labels in order.
  package var text: String {
    families.withLock { families in
      var out = ""
      for (name, family) in families.sorted(by: { $0.key < $1.key }) {
        out += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind.rawValue)\n"
        for (labels, cell) in family.cells.sorted(by: { $0.labels < $1.labels }) { out += "\(name)\(labels) \(cell.current)\n" }
      }
      return out
    }
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}

/// What one scrape answers: samples by family, printed in Prometheus' text format, version 0.0.4.
///
/// A value: what a process counts (`Metrics`) is added to it, and so is what is known only at the moment of the scrape. Samples of one name and the
/// same labels are for the caller not to add twice.
package struct MetricFamilies: Sendable {
  package enum Kind: String, Sendable { case counter, gauge, histogram }

  /// Names and values, in the order in which they are printed. A label with an empty value is one that is not there.
  package struct Labels: Sendable, ExpressibleByDictionaryLiteral {
    private(set) var text = ""

    package init(dictionaryLiteral pairs: (String, String)...) { for (name, value) in pairs { append(name, value) } }

    /// Adds a label at the end; one with an empty value is left out.
    package mutating func append(_ name: String, _ value: String) {
      guard !value.isEmpty else { return }
      text += "\(text.isEmpty ? "" : ",")\(name)=\"\(MetricFamilies.escaped(value, quotes: true))\""
    }

    /// In braces; nothing when there are none.
    package var braced: String { text.isEmpty ? "" : "{\(text)}" }
  }

  private struct Family {
    let kind: Kind
    let help: String
    var lines = ""
  }

  private var families: [String: Family] = [:]

  package init() {}

  /// Adds a sample. The name of a counter ends in `_total`; the first help of a family is the one that is printed.
  package mutating func add(_ kind: Kind, _ name: String, help: String, labels: Labels = [:], value: Double) {
    add(kind, name, help: help, lines: "\(name)\(labels.braced) \(MetricFamilies.text(value))\n")
  }

  /// Adds samples of a family that are printed already, a line for each.
  package mutating func add(_ kind: Kind, _ name: String, help: String, lines: String) {
    families[name, default: Family(kind: kind, help: help)].lines += lines
  }

  /// Families in the order of their names, the samples of each as they were added.
  package var text: String {
    var out = ""
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      let help = MetricFamilies.escaped(family.help, quotes: false)
      out += "# HELP \(name) \(help)\n# TYPE \(name) \(family.kind.rawValue)\n\(family.lines)"
    }
    return out
  }

  /// Whole numbers without a point.
  package static func text(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf" }
    if let whole = Int64(exactly: value), abs(value) < 1e15 { return "\(whole)" }
    return "\(value)"
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") }) else {
      return text
    }
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\"" where quotes: out += "\\\""
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}

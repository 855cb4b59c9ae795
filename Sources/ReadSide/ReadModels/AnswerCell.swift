internal import Pipelines

/// One value of a query's answer, as the store gives it.
package enum AnswerCell: Sendable, Equatable, CustomStringConvertible {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])

  /// Whether an answer is what a scenario expects: true and false are 1 and 0, and a timestamp may be written in any form.
  package func matches(_ actual: AnswerCell) -> Bool {
    switch (self, actual) {
    case (.null, .null): return true
    case (.integer(let a), .integer(let b)): return a == b
    case (.integer(let a), .real(let b)): return Double(a) == b
    case (.real(let a), .real(let b)): return a == b
    case (.blob(let a), .blob(let b)): return a == b
    case (.text("true"), .integer(1)), (.text("false"), .integer(0)): return true
    case (.integer(let a), .text(let b)): return b == String(a)
    case (.text(let a), .text(let b)):
      if a.utf8.elementsEqual(b.utf8) { return true }
      guard let left = try? Timestamp.parse(a, zone: .utc), let right = try? Timestamp.parse(b, zone: nil) else { return false }
      return left == right
    default: return false
    }
  }

  package var description: String {
    switch self {
    case .null: "null"
    case .integer(let number): String(number)
    case .real(let number): String(number)
    case .text(let text): text
    case .blob(let bytes): "\(bytes.count) bytes"
    }
  }
}

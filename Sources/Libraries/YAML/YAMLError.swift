/// What is wrong with a YAML text, and where. Lines and columns count from 1, columns in characters.
package struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String
  package let mark: Mark

  package init(_ message: String, at mark: Mark) {
    self.message = message
    self.mark = mark
  }

  package var description: String { "\(mark): \(message)" }
}

/// A place in a text, both from 1.
package struct Mark: Sendable, Equatable, Hashable, Comparable, CustomStringConvertible {
  package let line: Int
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  package static func < (left: Mark, right: Mark) -> Bool { (left.line, left.column) < (right.line, right.column) }

  package var description: String { "\(line):\(column)" }
}

internal import Foundation

/// Output of commands: results on standard output, everything else on standard error.
enum Console {
  /// A line of results, there at once for whoever reads on the other side of a pipe.
  static func line(_ text: String) { self.text(text + "\n") }

  static func text(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

  static func error(_ text: String) {
    FileHandle.standardError.write(Data("afterimage: \(text)\n".utf8))
  }

  static func note(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
  }

  /// Whether standard error is a terminal, where progress may be drawn.
  static var isTerminal: Bool { isatty(2) == 1 }

  /// A table with its columns as wide as their cells; numbers to the right.
  static func table(_ columns: [String], _ rows: [[String]]) -> String {
    let all = [columns] + rows
    let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    let isNumber = columns.indices.map { column in
      !rows.isEmpty && rows.allSatisfy { Double($0[column]) != nil || $0[column] == "–" }
    }
    return all.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return isNumber[column] ? padding + row[column] : row[column] + padding
      }.joined(separator: "  ").trimmingTrailingBlanks
    }.joined(separator: "\n")
  }
}

extension String {
  fileprivate var trimmingTrailingBlanks: String {
    var text = self
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}

/// A check or a test found something: its report is printed already, or is the message.
struct CheckFailure: Error {
  var message = ""
}

enum Version {
  static let number = "0.1.0"
}

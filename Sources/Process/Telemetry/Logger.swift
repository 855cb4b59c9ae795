internal import Foundation
internal import Synchronization

/// Log lines on standard error: time, level, message, then key=value pairs. Never holds an item's values.
package struct Logger: Sendable {
  package enum Level: String, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error

    package static func < (left: Level, right: Level) -> Bool {
      (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
  }

  package let level: Level
  private let sink: @Sendable (String) -> Void

  package init(level: Level = .info, sink: @escaping @Sendable (String) -> Void = Logger.standardError) {
    self.level = level
    self.sink = sink
  }

  /// Writes nothing.
  package static let silent = Logger(level: .error) { _ in }

  package static let standardError: @Sendable (String) -> Void = { line in
    FileHandle.standardError.write(Data((line + "\n").utf8))
  }

  /// Writes one line if `level` is logged. Line ends and other control characters of the message and the values become spaces.
  package func log(_ level: Level, _ message: String, _ pairs: KeyValuePairs<String, String> = [:]) {
    guard level >= self.level else { return }
    var line = "\(Logger.time()) \(level.rawValue) \(Logger.oneLine(message))"
    for (key, value) in pairs { line += " \(key)=\(Logger.quoted(value))" }
    sink(line)
  }

  /// What happens in the course of things, once for each event.
  package func info(_ message: String, _ pairs: KeyValuePairs<String, String> = [:]) { log(.info, message, pairs) }
  /// What goes on working but should be looked at.
  package func warning(_ message: String, _ pairs: KeyValuePairs<String, String> = [:]) { log(.warning, message, pairs) }
  /// What has stopped or failed; the message says what to do.
  package func error(_ message: String, _ pairs: KeyValuePairs<String, String> = [:]) { log(.error, message, pairs) }

  private static func time() -> String {
    Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }

  private static func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 ? " " : $0 }))
  }

  private static func quoted(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy { $0.value > 32 && $0 != "\"" && $0 != "=" }
    if isPlain, !text.isEmpty { return text }
    return "\"" + oneLine(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}

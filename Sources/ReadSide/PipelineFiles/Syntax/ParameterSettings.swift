/// Values that are set at the start for parameters of pipelines: `PIPELINE.NAME=VALUE`.
package struct ParameterSettings: Sendable, Equatable {
  /// One value, for messages as it was given.
  package struct Setting: Sendable, Equatable {
    package let name: String
    package let value: String
    /// What messages call it: `--set chat.idle=5s`, or where a test says it.
    package let source: String

    package init(name: String, value: String, source: String) {
      self.name = name
      self.value = value
      self.source = source
    }
  }

  /// A text that is not `PIPELINE.NAME=VALUE`.
  package struct Mistake: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  private var settings: [(pipeline: String, setting: Setting)] = []

  package static let none = ParameterSettings()

  private init() {}

  /// Values as a test of a pipeline sets them.
  package init(_ pipeline: String, _ settings: [Setting]) { self.settings = settings.map { (pipeline, $0) } }

  /// From the texts of `--set`, of which the last for a parameter holds. `named` says what messages call the option of a text.
  package init(_ texts: [String], named: (_ text: String) -> String = { _ in "--set" }) throws(Mistake) {
    for text in texts {
      guard let equals = text.firstIndex(of: "="), let dot = text[..<equals].firstIndex(of: "."), dot > text.startIndex,
        text.index(after: dot) < equals
      else {
        throw Mistake(
          description: "\(named(text)) takes PIPELINE.NAME=VALUE, as `--set chat-rooms.idle=5s`, not `\(text)`")
      }
      let (pipeline, name) = (String(text[..<dot]), String(text[text.index(after: dot)..<equals]))
      settings.removeAll { $0.pipeline == pipeline && $0.setting.name == name }
      settings.append(
        (pipeline, Setting(name: name, value: String(text[text.index(after: equals)...]), source: "\(named(text)) \(text)")))
    }
  }

  /// What is set for a pipeline.
  package func settings(for pipeline: String) -> [Setting] { settings.filter { $0.pipeline == pipeline }.map(\.setting) }

  /// What is wrong with what is set for pipelines that are not among these; nil when nothing is.
  package func problem(among pipelines: [String]) -> String? {
    guard let (pipeline, setting) = settings.first(where: { !pipelines.contains($0.pipeline) }) else { return nil }
    return "`\(setting.source)`: there is no pipeline `\(pipeline)` here\(Suggestion.text(for: pipeline, among: pipelines))"
  }

  package static func == (left: ParameterSettings, right: ParameterSettings) -> Bool {
    left.settings.elementsEqual(right.settings) { $0.pipeline == $1.pipeline && $0.setting == $1.setting }
  }
}

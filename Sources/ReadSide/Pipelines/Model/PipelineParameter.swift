/// A value of a pipeline's file that has a name, so that it can be set at the start: `parameters: { idle: 30m }`, then `$idle`.
package struct PipelineParameter: Sendable, Equatable {
  /// What the value is: the file's own says it, and what is set has to be of the same kind.
  package enum Kind: String, Sendable {
    /// A length of time.
    case span
    case number
    /// `true` or `false`.
    case flag
    case text

    /// For messages.
    package var description: String {
      switch self {
      case .span: "a length of time, as `30m`"
      case .number: "a number"
      case .flag: "`true` or `false`"
      case .text: "a text"
      }
    }
  }

  package let name: String
  package let kind: Kind
  /// The value in force, in the one form that such a value has.
  package let value: String
  /// What the file says, in the same form.
  package let fileValue: String

  /// Each property by its name.
  package init(name: String, kind: Kind, value: String, fileValue: String) {
    self.name = name
    self.kind = kind
    self.value = value
    self.fileValue = fileValue
  }
}

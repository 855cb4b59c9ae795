/// A piece of an expression's text.
struct Token: Sendable {
  enum Kind: Sendable, Equatable {
    /// A bare word: an attribute's name, a function's name or a keyword.
    case word
    /// `#name`
    case namePlaceholder
    /// `:value`
    case valuePlaceholder
    /// Digits; in the pipeline dialect also a fraction and an exponent.
    case number
    /// A quoted text, pipeline dialect only.
    case quoted
    /// An operator or mark of one or two characters.
    case symbol
    /// A character that begins no token.
    case unknown
    case end
  }

  let kind: Kind
  let range: Range<Int>
}

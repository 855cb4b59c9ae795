internal import DynamoModel
internal import Pipelines

/// Whether an item of a table can ever be: not when an item that stands before it, without a `when`, takes every key that fits it.
///
/// What is found is certain; that two earlier items together take every key is not looked for.
enum ItemShadowing {
  typealias Templates = [(attribute: String, template: KeyTemplate)]

  /// Whether `earlier` takes every key that fits `later`.
  static func shadows(_ earlier: Templates, _ later: Templates) -> Bool {
    earlier.allSatisfy { attribute, template in
      let other = later.first { Text.equal($0.attribute, attribute) }?.template
      // A key attribute of which the later item says nothing may have any value.
      guard let other else { return template.alternatives.contains { takesAll($0, template) } }
      return other.alternatives.allSatisfy { choice in
        let symbols = symbols(choice, other)
        return template.alternatives.contains { segments in
          var refuted: Set<Place> = []
          return fits(symbols[...], segments[...], of: template, &refuted)
        }
      }
    }
  }

  /// How many symbols and segments are left: what was tried once from there is not tried again, so that the cost is bounded by
  /// their product.
  private struct Place: Hashable {
    let symbols: Int
    let segments: Int
  }

  /// A byte, or a capture: one byte or more of any text of its type.
  private enum Symbol {
    case byte(UInt8)
    case capture(KeyTemplate.Capture)
  }

  private static func takesAll(_ choice: [KeyTemplate.Segment], _ template: KeyTemplate) -> Bool {
    choice.count == 1 && choice == [.capture(0)] && [.string, .bytes].contains(template.captures[0].type)
  }

  private static func symbols(_ choice: [KeyTemplate.Segment], _ template: KeyTemplate) -> [Symbol] {
    choice.flatMap { segment -> [Symbol] in
      switch segment {
      case .literal(let text): text.map { .byte($0) }
      case .capture(let index): [.capture(template.captures[index])]
      }
    }
  }

  /// Whether the segments take every text of the symbols.
  private static func fits(
    _ symbols: ArraySlice<Symbol>, _ segments: ArraySlice<KeyTemplate.Segment>, of template: KeyTemplate,
    _ refuted: inout Set<Place>
  ) -> Bool {
    guard let segment = segments.first else { return symbols.isEmpty }
    let rest = segments.dropFirst()
    switch segment {
    case .literal(let text):
      guard symbols.count >= text.count else { return false }
      for (symbol, byte) in zip(symbols, text) {
        guard case .byte(byte) = symbol else { return false }
      }
      return fits(symbols.dropFirst(text.count), rest, of: template, &refuted)
    case .capture(let index):
      let place = Place(symbols: symbols.count, segments: segments.count)
      guard !symbols.isEmpty, !refuted.contains(place) else { return false }
      for count in 1...symbols.count where takes(symbols.prefix(count), template.captures[index]) {
        if fits(symbols.dropFirst(count), rest, of: template, &refuted) { return true }
      }
      refuted.insert(place)
      return false
    }
  }

  private static func takes(_ symbols: ArraySlice<Symbol>, _ capture: KeyTemplate.Capture) -> Bool {
    if capture.type == .string || capture.type == .bytes { return true }
    if symbols.count == 1, case .capture(let other)? = symbols.first {
      return other.type == capture.type && isSame(other.form, capture.form)
    }
    var bytes: [UInt8] = []
    for symbol in symbols {
      guard case .byte(let byte) = symbol else { return false }
      bytes.append(byte)
    }
    return (try? Value(text: String(decoding: bytes, as: UTF8.self), as: capture.type, form: capture.form)) != nil
  }

  private static func isSame(_ left: ValueForm, _ right: ValueForm) -> Bool {
    switch (left, right) {
    // A text that needs no zone needs none with one either.
    case (.iso(nil), .iso), (.seconds, .seconds), (.milliseconds, .milliseconds): true
    case (.iso(let left), .iso(let right)): (left == nil) == (right == nil)
    default: false
    }
  }
}

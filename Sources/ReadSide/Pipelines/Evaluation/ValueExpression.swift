internal import DynamoModel
package import Expressions
package import Patterns

/// A compiled expression over an image, with its type settled: what fields and inputs are.
///
/// Evaluation is pure and costs what it reads. A missing attribute, and a function of one, is null; whether that is allowed
/// is the field's or input's to say. A value of a wrong type throws.
package enum ValueExpression: Sendable {
  case literal(Value)
  case attribute(DocumentPath, ValueType, ValueForm)
  /// A capture of the item's key.
  case capture(Int)
  /// Of the element of the list that the source takes apart.
  case element(ElementPart, ValueType, ValueForm)
  /// A group of the first match in a text; null without a match.
  indirect case pattern(ValueExpression, Pattern, group: Int, ValueType, ValueForm)
  /// The record's commit time.
  case commit
  indirect case calendar(Periods, ValueExpression)
  indirect case lower(ValueExpression)
  indirect case upper(ValueExpression)
  /// Characters of a text as Unicode scalars.
  indirect case length(ValueExpression)
  indirect case concat([ValueExpression])
  /// The first that is not null.
  indirect case coalesce([ValueExpression])
  /// Of one image of the change; null where the change has none under the rule.
  indirect case image(ChangeImage, ValueExpression)
  /// On numbers, of a type that is integer or decimal; null where one of them is.
  indirect case arithmetic(Arithmetic, ValueExpression, ValueExpression, ValueType)
  /// A time so many microseconds later, or earlier.
  indirect case moved(ValueExpression, by: Int64)
  /// A member of the JSON in a text, or with a nil path the whole of it, which may be a scalar; null when there is none.
  indirect case json(ValueExpression, DocumentPath?, ValueType, ValueForm)

  /// The value for an image; null where something is missing. Throws a wrong type, with its path.
  package func evaluate(_ image: Image, _ context: EvaluationContext) throws(EvaluationFailure) -> Value {
    switch self {
    case .literal(let value): return value
    case .capture(let index): return image.captures[index]
    case .attribute(let path, let type, let form):
      guard let attribute = path.value(in: image.item) else { return .null }
      return try ValueExpression.convert(attribute, type, form: form, path: path)
    case .element(let part, let type, let form):
      guard let element = context.element else { return .null }
      switch part {
      case .ordinal: return .integer(Int64(element.ordinal))
      case .key:
        guard let key = element.key else { return .null }
        do throws(TypeMismatch) {
          return try Value(text: key, as: type, form: form)
        } catch {
          throw EvaluationFailure(path: "key", reason: error.reason)
        }
      case .value: return try ValueExpression.convert(element.value, type, form: form, path: nil)
      case .member(let path):
        guard case .map(let map) = element.value, let attribute = path.value(in: map) else { return .null }
        return try ValueExpression.convert(attribute, type, form: form, path: path)
      }
    case .commit: return context.commit.map { .timestamp($0) } ?? .null
    case .calendar(let periods, let inner):
      guard case .timestamp(let instant) = try inner.evaluate(image, context) else { return .null }
      if let name = periods.name(of: instant) { return .string(name) }
      guard let zone = periods.zone else { return .null }
      let path = inner.attributeNames.first ?? "time"
      throw EvaluationFailure(path: path, reason: "has a date in \(zone.name) outside the years 1 to 9999")
    case .image(let which, let inner):
      guard let image = which == .old ? context.old : context.new else { return .null }
      do throws(EvaluationFailure) {
        return try inner.evaluate(image, context)
      } catch {
        throw EvaluationFailure(path: "\(which.rawValue).\(error.path)", reason: error.reason)
      }
    case .lower(let inner):
      guard case .string(let text) = try inner.evaluate(image, context) else { return .null }
      return .string(text.lowercased())
    case .upper(let inner):
      guard case .string(let text) = try inner.evaluate(image, context) else { return .null }
      return .string(text.uppercased())
    case .length(let inner):
      guard case .string(let text) = try inner.evaluate(image, context) else { return .null }
      return .integer(Int64(text.unicodeScalars.count))
    case .concat(let parts):
      var joined = ""
      for part in parts {
        let value = try part.evaluate(image, context)
        if value.isNull { return .null }
        joined += value.description
      }
      return .string(joined)
    case .coalesce(let choices):
      for choice in choices {
        let value = try choice.evaluate(image, context)
        if !value.isNull { return value }
      }
      return .null
    case .arithmetic(let operation, let left, let right, let type):
      let (first, second) = (try left.evaluate(image, context), try right.evaluate(image, context))
      do throws(ArithmeticFailure) {
        return try operation.result(first, second, as: type)
      } catch {
        throw EvaluationFailure(path: attributeNames.first ?? operation.rawValue, reason: error.reason)
      }
    case .moved(let inner, let span):
      guard case .timestamp(let instant) = try inner.evaluate(image, context) else { return .null }
      let (moved, overflow) = instant.rawValue.addingReportingOverflow(span)
      guard !overflow, moved >= Timestamp.least.rawValue, moved <= Timestamp.greatest.rawValue else {
        throw EvaluationFailure(
          path: inner.attributeNames.first ?? "time", reason: "gives a time outside the years 1 to 9999")
      }
      return .timestamp(Instant(rawValue: moved))
    case .pattern(let inner, let pattern, let group, let type, let form):
      guard case .string(let text) = try inner.evaluate(image, context) else { return .null }
      return try ValueExpression.capture(pattern, group: group, of: text, as: type, form: form)
    case .json(let inner, let path, let type, let form):
      guard case .string(let text) = try inner.evaluate(image, context) else { return .null }
      guard let path else {
        return try ValueExpression.whole(text, as: type, form: form, path: inner.attributeNames.first ?? "json")
      }
      return try ValueExpression.member(of: text, path, as: type, form: form)
    }
  }

  private static func convert(
    _ attribute: AttributeValue, _ type: ValueType, form: ValueForm, path: DocumentPath?
  ) throws(EvaluationFailure) -> Value {
    do throws(TypeMismatch) {
      return try Value(attribute, as: type, form: form)
    } catch {
      throw EvaluationFailure(path: path?.text ?? "element", reason: error.reason)
    }
  }

  private static func capture(
    _ pattern: Pattern, group: Int, of text: String, as type: ValueType, form: ValueForm
  ) throws(EvaluationFailure) -> Value {
    let captured: String?
    do throws(PatternError) {
      captured = try pattern.capture(group, of: text)
    } catch {
      throw EvaluationFailure(path: "pattern \(pattern.source)", reason: error.message)
    }
    guard let captured else { return .null }
    do throws(TypeMismatch) {
      return try Value(text: captured, as: type, form: form)
    } catch {
      throw EvaluationFailure(path: "pattern \(pattern.source)", reason: error.reason)
    }
  }

  static func tape(_ text: String, path: String) throws(EvaluationFailure) -> JSONTape {
    do throws(JSONError) {
      return try JSONTape(Array(text.utf8))
    } catch {
      throw EvaluationFailure(path: path, reason: "is not JSON: \(error.reason)")
    }
  }

  private static func whole(
    _ text: String, as type: ValueType, form: ValueForm, path: String
  ) throws(EvaluationFailure) -> Value {
    let tape = try tape(text, path: path)
    if type == .json {
      func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
      let inner = text.utf8.drop(while: isBlank)
      let count = inner.reversed().drop(while: isBlank).count
      return tape.kind(tape.root) == .null ? .null : .json(String(decoding: inner.prefix(count), as: UTF8.self))
    }
    do throws(TypeMismatch) {
      return try value(tape, tape.root, as: type, form: form)
    } catch {
      throw EvaluationFailure(path: path, reason: error.reason)
    }
  }

  private static func member(
    of text: String, _ path: DocumentPath, as type: ValueType, form: ValueForm
  ) throws(EvaluationFailure) -> Value {
    let tape = try tape(text, path: path.text)
    guard let node = tape.node(at: path) else { return .null }
    do throws(TypeMismatch) {
      return try value(tape, node, as: type, form: form)
    } catch {
      throw EvaluationFailure(path: path.text, reason: error.reason)
    }
  }

  private static func value(
    _ tape: JSONTape, _ node: Int, as type: ValueType, form: ValueForm
  ) throws(TypeMismatch) -> Value {
    switch tape.kind(node) {
    case .null: return .null
    case .string, .escapedString:
      guard type != .integer, type != .decimal, type != .boolean else { throw TypeMismatch("is text, not \(type.rawValue)") }
      return try Value(text: tape.string(node), as: type, form: form)
    case .number:
      if form.isAny {
        guard let number = try? Number(tape.text(node)) else { throw TypeMismatch("is a number of more than 38 digits") }
        return .string(number.description)
      }
      guard type == .integer || type == .decimal || type == .timestamp else {
        throw TypeMismatch("is a number, not \(type.rawValue)")
      }
      return try Value(text: tape.text(node), as: type, form: form)
    case .bool:
      guard type == .boolean else { throw TypeMismatch("is true or false, not \(type.rawValue)") }
      return .boolean(tape.bool(node) ?? false)
    case .object, .array:
      guard type == .json else { throw TypeMismatch("is an object or array, not \(type.rawValue)") }
      return .json(tape.text(node))
    }
  }
}

extension DocumentPath {
  /// As a pipeline file writes it: `a.b[1]`.
  package var text: String {
    var text = ""
    for element in elements {
      switch element {
      case .name(let name): text += text.isEmpty ? name : ".\(name)"
      case .index(let index): text += "[\(index)]"
      }
    }
    return text
  }
}

/// Which image of a change: what `old.` and `new.` before a field choose.
package enum ChangeImage: String, Sendable, CaseIterable {
  case old, new
}

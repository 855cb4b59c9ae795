internal import Pipelines

/// A parameter of a request: what handlers read it by, and what the document says of it.
struct RequestParameter: Sendable {
  let name: String
  let about: String
  /// Of one value.
  let schema: JSONSchema
  var isRequired = false
  /// How often it may be given, once for each value; nil for a parameter with one value.
  var counts: ClosedRange<Int>?

  /// The schema of all its values.
  var wholeSchema: JSONSchema {
    guard let counts else { return schema }
    let list = JSONSchema.list(of: schema).adding("minItems", .integer(Int64(counts.lowerBound)))
    return counts.upperBound < Int.max ? list.adding("maxItems", .integer(Int64(counts.upperBound))) : list
  }

  /// As the document has it.
  var node: JSONNode {
    var node: JSONNode = [
      "name": .text(name), "in": "query", "description": .text(about), "required": .bool(isRequired), "schema": wholeSchema.node,
    ]
    if counts != nil { node = node.adding([.init(name: "style", value: "form"), .init(name: "explode", value: true)]) }
    return node
  }
}

/// A parameter that is a whole number of a range.
struct IntegerParameter: Sendable {
  let name: String
  let range: ClosedRange<Int>
  let about: String

  init(_ name: String, in range: ClosedRange<Int>, _ about: String) {
    self.name = name
    self.range = range
    self.about = about
  }

  var parameter: RequestParameter { RequestParameter(name: name, about: about, schema: .integer(in: range)) }
}

/// A whole number that is the default when it is not given.
struct DefaultedParameter: Sendable {
  let integer: IntegerParameter
  let value: Int

  init(_ name: String, in range: ClosedRange<Int>, default value: Int, _ about: String) {
    integer = IntegerParameter(name, in: range, about)
    self.value = value
  }

  var parameter: RequestParameter {
    RequestParameter(
      name: integer.name, about: integer.about, schema: .integer(in: integer.range).adding("default", .integer(Int64(value))))
  }
}

extension RequestParameter {
  /// A parameter that a named query declares.
  init(_ declared: QueryParameter) {
    name = declared.name
    var limits: [String] = []
    if let least = declared.least { limits.append("from \(least)") }
    if let greatest = declared.greatest { limits.append("to \(greatest)") }
    var about = declared.type.rawValue + (limits.isEmpty ? "" : " \(limits.joined(separator: " "))")
    var schema = JSONSchema.parameter(declared.type)
    if case .integer(let least)? = declared.least { schema = schema.adding("minimum", .integer(least)) }
    if case .integer(let greatest)? = declared.greatest { schema = schema.adding("maximum", .integer(greatest)) }
    switch declared.default {
    case nil:
      isRequired = !declared.isOptional
      if declared.isOptional { about += "; null when it is left out" }
    case .null?: about += "; null when it is left out"
    case .integer(let number)?: schema = schema.adding("default", .integer(number))
    case .boolean(let flag)?: schema = schema.adding("default", .bool(flag))
    case let value?: schema = schema.adding("default", .text(value.description))
    }
    self.about = about
    self.schema = schema
  }
}

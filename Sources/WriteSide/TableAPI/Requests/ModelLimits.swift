/// How long a text, a list or a map may be, or how large a number. Texts are counted in UTF-16 code units.
struct ModelBounds: Sendable {
  let min: Int
  let max: Int
}

/// The values that a member may have, in the order in which errors list them.
struct ModelEnumeration: Sendable {
  let values: [String]

  init(_ values: [String]) { self.values = values }
}

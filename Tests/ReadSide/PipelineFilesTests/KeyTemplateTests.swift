import DynamoModel
import PipelineFiles
import Pipelines
import RandomTestKit
import Testing

/// Key templates against a plain search: each capture ends at the first place from which the rest still fits.
@Suite struct KeyTemplateTests {
  enum Part {
    case text(String)
    case capture(isInteger: Bool)
  }

  /// The captured texts; nil when the key does not fit.
  static func cut(_ parts: ArraySlice<Part>, _ key: Substring) -> [String]? {
    guard let part = parts.first else { return key.isEmpty ? [] : nil }
    switch part {
    case .text(let text): return key.hasPrefix(text) ? cut(parts.dropFirst(), key.dropFirst(text.count)) : nil
    case .capture(let isInteger):
      for end in key.indices.map({ key.index(after: $0) }) {
        let own = key[..<end]
        if isInteger, Int64(own) == nil { continue }
        if let rest = cut(parts.dropFirst(), key[end...]) { return [String(own)] + rest }
      }
      return nil
    }
  }

  @Test func `a key is cut where the plain search cuts it`() throws {
    var fits = 0
    for seed in 0..<300 {
      var random = SeededGenerator(seed: UInt64(seed))
      func text(_ range: ClosedRange<Int>) -> String {
        String((0..<Int.random(in: range, using: &random)).map { _ in "ab1".randomElement(using: &random)! })
      }
      var parts: [Part] = []
      for place in 0..<Int.random(in: 1...4, using: &random) {
        if place > 0 || Bool.random(using: &random) { parts.append(.text(text(1...2))) }
        parts.append(.capture(isInteger: Int.random(in: 0...3, using: &random) == 0))
      }
      if Bool.random(using: &random) { parts.append(.text(text(1...1))) }
      var count = 0
      let template = parts.map { part -> String in
        switch part {
        case .text(let text): return text
        case .capture(let isInteger):
          count += 1
          return "{c\(count)\(isInteger ? ":integer" : "")}"
        }
      }.joined()
      let pipeline = try EvaluationTests.load(
        "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\nitems: { i: { in: Tab, match: { PK: \"\(template)\" } } }\n")
      for _ in 0..<40 {
        let key = text(1...12)
        let wanted = Self.cut(parts[...], key[...])
        let captures = pipeline.tables[0].matcher.image(of: ["PK": .string(key)])?.captures
        let values = wanted.map { texts in
          zip(texts, parts.filter { if case .capture = $0 { true } else { false } }).map { text, part -> Value in
            if case .capture(true) = part { return .integer(Int64(text) ?? 0) }
            return .string(text)
          }
        }
        #expect(captures == values, "seed \(seed): \(template) \(key)")
        if wanted != nil { fits += 1 }
      }
    }
    #expect(fits > 500)
  }
}

import DynamoModel
import Foundation
import LiteralTestKit
import PipelineFiles
import Pipelines
import RandomTestKit
import Testing

/// Items of any content under every projection of several files: values that both stores take, or a failure with path and reason.
@Suite struct HostileItemTests {
  static func text(_ random: inout SeededGenerator) -> String {
    let texts = [
      "", "a", "\u{0}", "a\u{0}b", "é", "e\u{301}", "2026-01-01", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
      "0001-01-01T00:00:00+00:01", "10000-01-01", "{\"a\":{\"b\":[1,22]}}", "{\"a\":{\"b\":[1,1e400]}}",
      "{\"a\":{\"b\":[1,\"\\u0000\"]}}", "{",
      "[[[[", "true", "007", "-0", "9223372036854775808", String(repeating: "x", count: 1_024),
      String(repeating: "é", count: 513),
      String(repeating: "a/", count: 400),
    ]
    return texts.randomElement(using: &random) ?? ""
  }

  static func value(_ random: inout SeededGenerator, depth: Int = 0) -> AttributeValue {
    let numbers = [
      "0", "-0", "1e125", "-1e125", "1e-130", "9223372036854775807", "9223372036854775808", "0.5", "253402300799.9", "1e38",
    ]
    switch Int.random(in: 0...(depth < 3 ? 9 : 5), using: &random) {
    case 0, 1: return .string(text(&random))
    case 2, 3: return .number((try? Number(numbers.randomElement(using: &random) ?? "0")) ?? .zero)
    case 4: return Bool.random(using: &random) ? .null : .bool(Bool.random(using: &random))
    case 5: return .binary([UInt8](repeating: 0, count: Int.random(in: 0...1_100, using: &random)))
    case 6: return .stringSet([text(&random)])
    case 7: return .numberSet([.zero])
    case 8: return .list((0..<Int.random(in: 0...3, using: &random)).map { _ in value(&random, depth: depth + 1) })
    default: return .map(["list": value(&random, depth: depth + 1), "a": value(&random, depth: depth + 1)])
    }
  }

  @Test(arguments: [EvaluationTests.text, KeyedInputTests.text]) func `whatever an item holds, it gives values or a reason`(
    _ file: String
  ) throws {
    let pipeline = try EvaluationTests.load(file)
    var taken = 0
    var refused = 0
    for seed in 0..<3_000 {
      var random = SeededGenerator(seed: UInt64(seed))
      var item: Item = [
        "PK": .string(
          ["N:g/x", "U:ana", "{odd}", "U:\(Self.text(&random))", "N:\(Self.text(&random))/x"].randomElement(using: &random) ?? "x"
        ),
        "SK": .string(["1", "2026-01-01T10:00:00Z#5", Self.text(&random) + "x"].randomElement(using: &random) ?? "x"),
      ]
      for name in [
        "Title", "Price", "Rank", "Due", "Local", "stats", "Text", "Tags", "Nick", "Anything", "kind", "A", "B", "C", "T", "I",
      ]
      where Bool.random(using: &random) { item[name] = Self.value(&random) }
      guard let image = pipeline.tables[0].matcher.image(of: item) else { continue }
      for projection in pipeline.projections {
        for source in projection.sources where source.rule == image.rule {
          _ = source.when?.holds(image, old: nil, new: image, commit: 0)
          do throws(EvaluationFailure) {
            for values in try source.contributions(of: image, commit: 0) {
              taken += 1
              for (value, input) in zip(values, source.inputs) {
                #expect(value.isNull ? input.isOptional : value.type == input.type, "seed \(seed): \(input.name)")
                #expect(value.unstorable(isKeyed: input.isKeyed) == nil, "seed \(seed): \(input.name)")
                if case .timestamp(let instant) = value { #expect((Timestamp.least...Timestamp.greatest).contains(instant)) }
              }
            }
          } catch {
            refused += 1
            #expect(!error.path.isEmpty && !error.reason.isEmpty, "seed \(seed): \(error)")
          }
        }
      }
    }
    #expect(taken > 200 && refused > 200, "\(taken) \(refused)")
  }
}

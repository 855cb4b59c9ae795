import Foundation
import PipelineFiles
import PipelineTestKit
import Pipelines
import Testing

/// Said is done: each key that the loader takes changes what comes out. What only the engine can show is run as a scenario in
/// `GrammarKeyScenarioTests`.
@Suite struct GrammarKeyTests {
  @Test func `every key of the grammar has a case, and no other has`() {
    let cases = Set(GrammarKeyCase.all.map(\.key))
    #expect(GrammarKey.all.filter { !cases.contains($0) } == [])
    #expect(GrammarKeyCase.all.map(\.key).filter { !GrammarKey.all.contains($0) } == [])
    #expect(Set(GrammarKey.all).count == GrammarKey.all.count)
  }

  @Test(arguments: GrammarKeyCase.all) func `a key that is taken away changes what is found, said or done`(_ key: GrammarKeyCase)
  {
    let (with, without) = (GrammarKeyCase.told(key.with), GrammarKeyCase.told(key.without))
    switch key.outcome {
    case .findings:
      #expect(with.isWrong != without.isWrong, "\(with.text)\n\(without.text)")
    case .told:
      #expect(!with.isWrong && !without.isWrong, "\(with.text)\n\(without.text)")
      #expect(with.text != without.text)
    case .rows:
      #expect(!with.isWrong && !without.isWrong, "\(with.text)\n\(without.text)")
    }
  }

  static let unsupported: [(mapping: String, base: String)] = [
    ("a pipeline", "pipeline: p\nKEY: x\ntables: { Tab: { key: { partition: PK } } }\n"),
    ("a projection", GrammarKeyTests.file("projections:\n  p:\n    collection: a\n    key: [id]\n    KEY: x\n")),
    ("an effect", GrammarKeyTests.file("effects:\n  e:\n    each: a inserted\n    delete: item\n    KEY: x\n")),
    ("a query", GrammarKeyTests.file("queries:\n  q:\n    sql: SELECT 1 AS x\n    KEY: x\n")),
  ]

  static func file(_ rest: String) -> String {
    "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\nitems: { a: { in: Tab, match: { PK: \"{id}\" } } }\n\(rest)"
  }

  @Test func `a key that is known and not supported is refused by name and place, and not suggested`() throws {
    for key in GrammarKey.unsupported {
      let base = try #require(Self.unsupported.first { $0.mapping == key.mapping }?.base, "\(key)")
      let text = base.replacingOccurrences(of: "KEY", with: key.key)
      let findings = FindingsTests.findings(text)
      let line = text.split(separator: "\n").firstIndex { $0.contains("\(key.key): x") } ?? 0
      #expect(findings.map(\.message) == ["`\(key.key)` is not supported by this version"])
      #expect(findings.first?.line == line + 1)
      let near = FindingsTests.findings(base.replacingOccurrences(of: "KEY", with: key.key + "x"))
      #expect(near.count == 1 && !near[0].message.contains("`\(key.key)`"), "\(near)")
    }
  }
}

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
}

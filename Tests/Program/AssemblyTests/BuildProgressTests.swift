import ChangeRecords
import Testing

@testable import Assembly

/// How far a generation is that is being built.
@Suite struct BuildProgressTests {
  static func progress(_ lanes: (UInt64, UInt64)...) -> Double {
    NodeStatus.progress(lanes.map { (SequenceNumber(rawValue: $0.0), $0.1) })
  }

  @Test func `progress goes from 0 to 1 over all lanes together`() {
    #expect(NodeStatus.progress([]) == 0)
    #expect(Self.progress((0, 0)) == 0)
    #expect(Self.progress((0, 10)) == 0)
    #expect(Self.progress((25, 75), (75, 25)) == 0.5)
    #expect(Self.progress((10, 0), (5, 0)) == 1)
  }
}

import ChangeLogConformance
import Testing

@Suite(.broker, .timeLimit(.minutes(3))) struct KafkaLogConformanceTests {
  @Test(arguments: ChangeLogConformance.allCases)
  func `a relayed table's topic keeps the contract`(_ check: ChangeLogConformance) async throws {
    let fixture = try RelayFixture()
    try await fixture.relaying { try await check.run(try fixture.conformance) }
  }
}

import Testing

@testable import Workers

/// Whether a pipeline does in a process what it should, and what stands still.
@Suite struct StandstillTests {
  private func standstill(
    _ pipeline: String? = nil, assignment: String? = nil, decider: String? = nil, lanes: (isOwn: Bool, stopped: String?)...
  ) -> Standstill {
    Standstill(
      pipeline: pipeline, assignment: assignment, decider: decider,
      lanes: lanes.map { .init(isOwn: $0.isOwn, stopped: $0.stopped) })
  }

  @Test func `one that runs, or has no lanes yet, works`() {
    #expect(standstill().isWorking && standstill().reasons.isEmpty)
    #expect(standstill(lanes: (true, nil), (false, nil)).isWorking)
  }

  @Test func `lanes that stand still are named, and while one of its own goes on it works`() {
    let some = standstill(decider: "torn", lanes: (true, "0 is damaged"), (true, nil))
    #expect(some.isWorking && some.reasons == ["torn", "0 is damaged"])
    let all = standstill(lanes: (true, "0 is damaged"), (true, "1 is denied"))
    #expect(!all.isWorking && all.reasons == ["0 is damaged", "1 is denied"])
  }

  @Test func `what others run is no comfort, and a lane that cannot begin is nobody's`() {
    #expect(!standstill(lanes: (true, "0 is denied"), (false, nil)).isWorking)
    #expect(!standstill(lanes: (false, "the topic may not be read")).isWorking)
  }

  @Test func `without the right to lanes, or as a whole, it does not work`() {
    #expect(
      standstill(assignment: "ask for READ", lanes: (true, nil)) == standstill(assignment: "ask for READ", lanes: (false, nil)))
    #expect(
      !standstill(assignment: "ask for READ").isWorking && standstill(assignment: "ask for READ").reasons == ["ask for READ"])
    let whole = standstill("damaged", assignment: "ask for READ", lanes: (true, "0 is denied"))
    #expect(!whole.isWorking && whole.reasons == ["damaged"])
  }
}

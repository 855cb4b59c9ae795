import TableStore
import Testing

@testable import Assembly

/// When a process says that it is ready.
@Suite struct ReadinessTests {
  private func readiness(_ phase: Readiness.Phase = .running, _ roles: Readiness.Role...) -> Readiness {
    Readiness(phase: phase, roles: roles)
  }

  @Test func `a process is ready while it runs, not before and not after`() {
    let role = Readiness.Role(name: "table", working: 1)
    #expect(readiness(.running, role).isReady)
    #expect(!readiness(.starting, role).isReady && !readiness(.stopping, role).isReady)
  }

  @Test func `one part that stands still is named and takes nobody's traffic from the others`() {
    let role = Readiness.Role(name: "worker", working: 1, stopped: ["notes: damaged"])
    #expect(readiness(.running, role).isReady)
    #expect(String(decoding: readiness(.running, role).json, as: UTF8.self).contains("notes: damaged"))
  }

  @Test func `a role of which nothing works is not ready, and one that has no parts is`() {
    let stopped = Readiness.Role(name: "relay", stopped: ["relay of T: lost"])
    let empty = Readiness.Role(name: "query")
    #expect(!readiness(.running, empty, stopped).isReady)
    #expect(readiness(.running, empty).isReady)
  }

  @Test func `the answer names phase, roles and reasons`() {
    let json = String(decoding: readiness(.stopping, .init(name: "table", stopped: ["no \"space\""])).json, as: UTF8.self)
    #expect(
      json == #"{"ready":false,"phase":"stopping","roles":{"table":{"ready":false,"stopped":["no \"space\""]}}}"#)
  }

  @Test func `what keeps a process from being ready is one sentence`() {
    let (works, stopped) = (Readiness.Role(name: "table", working: 1), Readiness.Role(name: "relay", stopped: ["lost", "cut"]))
    #expect(readiness(.running, works).waitsFor == "")
    #expect(readiness(.starting, works).waitsFor == "starting")
    #expect(readiness(.running, works, stopped).waitsFor == "lost; cut")
  }

  @Test func `relays that work are counted, and those that stand still say why`() {
    let board = RelayBoard()
    board.started("A")
    board.started("B")
    board.stopped("B", "lost")
    #expect(board.working == 1 && board.reasons == ["lost"] && board.reason("B") == "lost" && board.reason("A") == nil)
    board.started("B")
    #expect(board.working == 2 && board.reasons.isEmpty)
  }

  @Test func `the table store's trouble lasts until writes go on`() {
    let troubles = StoreTroubles()
    #expect(troubles.reason == nil)
    troubles.note(.writesRefused("no space"))
    #expect(troubles.reason?.contains("no space") == true)
    troubles.note(.notRecovered("still none"))
    #expect(troubles.reason?.contains("still none") == true)
    troubles.note(.writesGoOn)
    #expect(troubles.reason == nil)
  }
}

import Testing

@testable import Relay

/// What keeps a relay from publishing, over its sessions.
@Suite struct RelayTroublesTests {
  @Test func `an error is news once, until something is published again`() {
    let troubles = RelayTroubles()
    #expect(troubles.failed(refusal: nil))
    #expect(!troubles.failed(refusal: nil) && troubles.attempts == 2)
    // The run before may have ended for good.
    #expect(troubles.ended() == (true, true))
    #expect(troubles.ended() == (false, false))
    #expect(troubles.failed(refusal: nil) && troubles.ended() == (true, false))
  }

  @Test func `each refusal is news, and is tried again soon`() {
    let troubles = RelayTroubles()
    #expect(troubles.failed(refusal: nil) && !troubles.failed(refusal: nil))
    #expect(troubles.failed(refusal: "READ") && troubles.attempts == 1)
    #expect(!troubles.failed(refusal: "READ") && troubles.attempts == 2)
    // Brokers that are away for a moment change nothing about that.
    #expect(!troubles.failed(refusal: nil) && !troubles.failed(refusal: "READ") && troubles.attempts == 4)
    #expect(troubles.failed(refusal: "WRITE") && troubles.attempts == 1)
    #expect(troubles.ended() == (true, true))
  }
}

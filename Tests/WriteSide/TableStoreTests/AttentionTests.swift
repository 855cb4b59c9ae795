import Testing

@testable import TableStore

struct AttentionTests {
  /// A round takes `taken` requests, and `waiting` come meanwhile. What was waited for had come if it is not more.
  private func round(_ attention: inout Attention, _ taken: Int, waiting: Int = 0, in time: Duration = .milliseconds(1)) {
    if let wait = attention.wait, wait.requests > taken { attention.waitedInVain() }
    attention.took(taken)
    attention.ended(in: time, waiting: waiting)
  }

  @Test func `after some rounds it waits for as many requests as were seen at once`() {
    for (taken, waiting) in [(1, 0), (1, 1), (1, 2), (3, 1)] {
      var attention = Attention()
      for _ in 1..<Attention.roundsMin { round(&attention, taken, waiting: waiting) }
      #expect(attention.wait == nil)
      round(&attention, taken, waiting: waiting)
      #expect(attention.wait?.requests == taken + waiting)
      #expect(attention.wait?.span == Attention.spanMax)
    }
  }

  @Test func `never longer than a round takes`() {
    var attention = Attention()
    for _ in 0..<Attention.roundsMin { round(&attention, 1, in: .microseconds(20)) }
    #expect(attention.wait?.span == .microseconds(20))
  }

  @Test func `of many clients it waits for none, and of few that are left once the many are forgotten`() throws {
    var attention = Attention()
    for _ in 0..<1000 { round(&attention, 3, waiting: Attention.clientsMax - 2) }
    #expect(attention.wait == nil)
    var rounds = 0
    while attention.wait == nil {
      round(&attention, 1)
      rounds += 1
      try #require(rounds < 1000)
    }
    #expect(attention.wait?.requests == 1)
  }

  @Test func `waits in vain end it for a while, and a pause ends it`() throws {
    var attention = Attention()
    for _ in 0..<1000 { round(&attention, 2) }
    for _ in 0..<2 {
      #expect(attention.wait?.requests == 2)
      round(&attention, 1, waiting: 1)
    }
    #expect(attention.wait?.requests == 2)
    round(&attention, 1, waiting: 1)
    #expect(attention.wait == nil)
    var rounds = 0
    while attention.wait == nil {
      round(&attention, 1, waiting: 1)
      rounds += 1
      try #require(rounds <= Attention.disappointment)
    }
    #expect(attention.wait?.requests == 2)
    attention.took(0)
    #expect(attention.wait == nil)
  }

  @Test func `a client that writes now and then is soon not waited for`() {
    var attention = Attention()
    var waits = 0
    for _ in 0..<1000 {
      if attention.wait != nil {
        waits += 1
        attention.waitedInVain()
      }
      attention.took(1)
      attention.ended(in: .milliseconds(1), waiting: 0)
    }
    #expect((1...1000 / Attention.disappointment).contains(waits))
  }

  @Test func `where nobody comes back at once few rounds are waited for`() {
    var attention = Attention()
    var waits = 0
    for _ in 0..<1000 {
      if attention.wait != nil { waits += 1 }
      round(&attention, 1, waiting: 1)
    }
    #expect(waits <= 1000 / Attention.disappointment)
  }
}

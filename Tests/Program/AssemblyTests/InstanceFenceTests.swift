import Testing

@testable import Assembly

/// A member whose name another one has.
@Suite struct InstanceFenceTests {
  private let start = ContinuousClock.now

  /// Whether the member joins again, at seconds at which it is refused for its name; where they are negative it has trouble with its group.
  private func answers(_ seconds: [Int]) -> [Bool] {
    var fence = InstanceFence()
    var answers: [Bool] = []
    for second in seconds {
      if second < 0 {
        fence.troubled(at: start + .seconds(-second))
      } else {
        answers.append(fence.mayJoinAgain(at: start + .seconds(second)))
      }
    }
    return answers
  }

  @Test func `without trouble before, it ends`() {
    #expect(answers([1]) == [false])
    #expect(answers([-1, 62]) == [false])
  }

  @Test func `after trouble with its group it joins again, once`() {
    #expect(answers([-1, 61, 61]) == [true, false])
    // Where the other is a process it has joined again meanwhile.
    #expect(answers([-1, 61, -100, 101, 180, -181, 181]) == [true, false, false, true])
  }
}

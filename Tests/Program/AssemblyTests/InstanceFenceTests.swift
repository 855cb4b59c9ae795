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

  @Test func `after trouble with its group it joins again, once for each time`() {
    #expect(answers([-1, 61, 61]) == [true, false])
    #expect(answers([-1, 61, -62, 63, 64]) == [true, true, false])
    #expect(answers([-1, 62, 62]) == [false, false])
  }

  @Test(arguments: [[false, false], [true, false], [false, true], [true, true]])
  func `of two processes one ends, whatever trouble they had`(_ troubled: [Bool]) {
    var fences = [InstanceFence(), InstanceFence()]
    for (place, isTroubled) in troubled.enumerated() where isTroubled { fences[place].troubled(at: start) }
    // The younger one joins, and each that joins again refuses the other.
    var (refused, times) = (0, 0)
    while fences[refused].mayJoinAgain(at: start + .seconds(1)) {
      refused = 1 - refused
      times += 1
    }
    #expect(times <= 2)
  }
}

import ReadModels
import Testing

/// Which generation the workers of a definition work on, beside those of others.
@Suite struct GenerationChoiceTests {
  private func generation(_ number: Int, _ fingerprint: String, _ state: Generation.State) -> Generation {
    Generation(number: number, fingerprint: fingerprint, state: state, store: "p")
  }

  private func waits(_ choice: GenerationChoice) -> Bool { if case .wait = choice { true } else { false } }

  @Test func `a definition has its own generation, the one that is being built before the current one`() {
    let (old, new) = (generation(1, "a", .current), generation(2, "a", .building))
    #expect(GenerationChoice("a", among: [], led: []) == .make(givingUp: []))
    #expect(GenerationChoice("a", among: [old], led: []) == .run(old, givingUp: []))
    #expect(GenerationChoice("a", among: [old, new], led: [1, 2]) == .run(new, givingUp: []))
  }

  @Test func `what nobody builds any more is given up, what others build is left alone`() {
    let (old, new) = (generation(1, "a", .current), generation(2, "b", .building))
    #expect(GenerationChoice("a", among: [old, new], led: []) == .run(old, givingUp: [new]))
    #expect(GenerationChoice("a", among: [old, new], led: [2]) == .run(old, givingUp: []))
    #expect(GenerationChoice("c", among: [old, new], led: [1]) == .make(givingUp: [new]))
  }

  @Test func `a third definition waits while two are at work`() {
    let all = [generation(1, "a", .current), generation(2, "b", .building)]
    #expect(waits(GenerationChoice("c", among: all, led: [1, 2])))
    #expect(GenerationChoice("b", among: all, led: [1, 2]) == .run(all[1], givingUp: []))
  }

  @Test func `a definition that was replaced comes back only when nobody works on the one that replaced it`() {
    let all = [generation(1, "a", .kept), generation(2, "b", .current)]
    #expect(waits(GenerationChoice("a", among: all, led: [2])))
    #expect(GenerationChoice("a", among: all, led: []) == .make(givingUp: []))
    #expect(GenerationChoice("a", among: all, led: [1]) == .make(givingUp: []))
    // One that never was there is an upgrade.
    #expect(GenerationChoice("c", among: all, led: [2]) == .make(givingUp: []))
  }
}

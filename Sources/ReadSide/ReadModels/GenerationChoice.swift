/// Which generation a worker of a definition works on, as a value: workers of one definition share a generation, and those of two run side by side while
/// the newer one's is built.
package enum GenerationChoice: Sendable, Equatable {
  /// This one; what else is being built is given up.
  case run(Generation, givingUp: [Generation])
  /// A new one; what is being built is given up.
  case make(givingUp: [Generation])
  /// None at the moment, and why.
  case wait(String)

  /// `led` are the numbers of generations that another process leads, or led a moment ago: workers are at work on them.
  ///
  /// A definition whose generation was replaced comes back only when nobody works on the one that replaced it: a worker of the old definition that is
  /// started again in the middle of an upgrade waits, and one that is started after the new ones were stopped goes back. Two definitions may run at
  /// once; a third waits.
  package init(_ fingerprint: String, among all: [Generation], led: Set<Int>) {
    let building = all.filter { $0.state == .building }
    if let own = all.last(where: { $0.fingerprint == fingerprint && $0.state != .kept }) {
      self = .run(own, givingUp: building.filter { $0.number != own.number && !led.contains($0.number) })
      return
    }
    if let other = building.first(where: { led.contains($0.number) }) {
      self = .wait(
        "generation \(other.number) is being built by another definition of the pipeline: one of them at a time; stop its workers, or wait for it"
      )
      return
    }
    if let current = all.first(where: { $0.state == .current }), led.contains(current.number),
      let replaced = all.last(where: { $0.fingerprint == fingerprint })
    {
      self = .wait(
        "generation \(replaced.number) of this definition was replaced by generation \(current.number), which workers of another definition serve: "
          + "stop those to go back")
      return
    }
    self = .make(givingUp: building)
  }
}

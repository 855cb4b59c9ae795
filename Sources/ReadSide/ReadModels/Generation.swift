/// One build of a pipeline's read models.
package struct Generation: Sendable, Equatable {
  package enum State: String, Sendable, CaseIterable {
    /// Being built beside the current one.
    case building
    /// The one that readers see.
    case current
    /// An earlier one, kept for going back.
    case kept
  }

  package let number: Int
  /// Of the definition that it is built by and of the program's layout of it (`ReadModelStores.fingerprint`): programs that differ in either
  /// share no generation.
  package let fingerprint: String
  package let state: State
  /// The pipeline's store that it is in, by the name that `ReadModelStores.pipeline` opened it by.
  package let store: String

  package init(number: Int, fingerprint: String, state: State, store: String) {
    self.number = number
    self.fingerprint = fingerprint
    self.state = state
    self.store = store
  }

  /// The fingerprint of the definition alone.
  package var definition: String { fingerprint.prefix { $0 != "." }.description }
}

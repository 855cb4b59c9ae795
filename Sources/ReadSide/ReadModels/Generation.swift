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
}

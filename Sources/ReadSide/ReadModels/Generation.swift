/// One build of a pipeline's read models.
package struct Generation: Sendable, Equatable {
  package enum State: String, Sendable {
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
  /// The folder with `read-model.db` and the `pipeline.yaml` that it was built by.
  package let directory: String

  package init(number: Int, fingerprint: String, state: State, directory: String) {
    self.number = number
    self.fingerprint = fingerprint
    self.state = state
    self.directory = directory
  }

  package var databasePath: String { directory + "/read-model.db" }
  package var pipelinePath: String { directory + "/pipeline.yaml" }
}

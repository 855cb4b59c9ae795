package import ReadModels

/// Where the SQLite store keeps a generation: a folder for each in the pipeline's, which is the store's name.
extension Generation {
  package var directory: String {
    let digits = String(number)
    return store + "/generation-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  package var databasePath: String { directory + "/read-model.db" }
  /// The pipeline file that it was built by.
  package var pipelinePath: String { directory + "/pipeline.yaml" }
}

package import DynamoModel

/// Imports: batches of rows that are applied in their order, each once. A table keeps the progress of its imports for as long as it lives; what
/// is deleted and created again has none.
extension TableStore {
  /// Applies a batch once those before it are, or finds that it was applied. `completion` is called on the committer's thread and must not block.
  ///
  /// Throws `importOutOfStep` when a batch before it is missing, `importMismatch` when other rows were applied under its number, and for a
  /// row that is refused the error of a put with the row's place in the batch: nothing of the batch is applied then.
  package func apply(
    _ batch: ImportBatch, completion: @escaping @Sendable (Result<ImportOutcome, DynamoError>) -> Void
  ) {
    let isTaken = committer.submit { [state] in
      completion(Result { () throws(DynamoError) in try state.apply(batch) })
    }
    if !isTaken { completion(.failure(Committer.stopping)) }
  }

  /// The same for callers that can wait.
  package func apply(_ batch: ImportBatch) async throws(DynamoError) -> ImportOutcome {
    let result: Result<ImportOutcome, DynamoError> = await withCheckedContinuation { continuation in
      apply(batch) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  /// How far an import got; one that is not known has not begun.
  package func importProgress(_ table: TableHandle, _ name: String) throws(DynamoError) -> ImportProgress {
    try state.importProgress(table.stored, name)
  }

  /// Forgets how far an import got, so that its next batch is the first; what it wrote stays. Waits for the committer.
  package func forgetImport(_ table: TableHandle, _ name: String) throws(DynamoError) {
    try committer.perform { [state] () throws(DynamoError) in
      guard let now = state.table(table.stored.definition.name), now.tableID == table.stored.tableID else {
        throw DynamoError(.resourceNotFound, "Requested resource not found")
      }
      try state.forgetImport(now, name)
    }
  }
}

internal import ReadModels
internal import Telemetry

/// How often the read models' store refused a stage of the work, or could not do what it was asked.
struct StoreErrors: Sendable {
  private let cell: Metrics.Cell

  init(_ metrics: Metrics, _ pipeline: String, _ stage: WorkerStage) {
    cell = metrics.cell(
      .counter, "afterimage_store_errors_total", help: "What the read models' store refused or could not do.",
      labels: ["pipeline": pipeline, "stage": stage.rawValue])
  }

  /// Counts an error. That another process has taken over, or is about to, is none.
  func add(_ error: any Error) {
    switch error as? ReadModelError {
    case .superseded, .held: break
    case .otherFingerprint, .otherVersion, .otherCatalogue, .storage, .damaged, nil: cell.add()
    }
  }
}

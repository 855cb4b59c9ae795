package import PipelineFiles
package import Pipelines
internal import Postgres
internal import PostgresReadModels

/// Whether a pipeline's SQL fits a database that its read models could be kept in.
package enum StoreCheck {
  /// What does not fit, in the file's order; empty when nothing. `file` is what findings call it. Throws `StartError` when the database cannot be asked.
  package static func findings(of pipeline: Pipeline, file: String, _ url: String) throws(StartError) -> [Finding] {
    do {
      return try PostgresQueryCheck.findings(of: pipeline, on: PostgresSettings(url)).map {
        Finding(file: file, place: $0.place, message: $0.message)
      }
    } catch let error as PostgresError {
      throw StartError("the database, --store: \(error.message)")
    } catch {
      throw StartError("the database, --store: \(error)")
    }
  }
}

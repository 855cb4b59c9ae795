internal import Foundation

/// Pipelines on disk.
enum PipelineFolders {
  /// The folders in `directory` that hold a pipeline file, by name.
  static func found(in directory: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.sorted().map { "\(directory)/\($0)" }.filter { FileManager.default.fileExists(atPath: $0 + "/pipeline.yaml") }
  }
}

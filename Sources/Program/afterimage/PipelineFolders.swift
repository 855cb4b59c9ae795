internal import Foundation

/// Pipelines on disk.
enum PipelineFolders {
  /// The folders in `directory` that hold a pipeline file, by name.
  static func found(in directory: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.sorted().map { "\(directory)/\($0)" }.filter { FileManager.default.fileExists(atPath: $0 + "/pipeline.yaml") }
  }

  /// The sample pipelines that are built into the program, as folders under `directory`: what is there already stays as it is.
  static func samples(in directory: String) throws -> [String] {
    try SamplePipelines.all.map { name, text in
      let folder = "\(directory)/\(name)"
      let file = folder + "/pipeline.yaml"
      if !FileManager.default.fileExists(atPath: file) {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: file))
      }
      return folder
    }
  }
}

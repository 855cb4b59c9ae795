internal import Foundation
internal import PipelineFiles
internal import Pipelines
internal import Services
internal import Synchronization
internal import Telemetry
internal import Workers

/// The pipelines of a process as their files say it now. Queries, metrics and dashboards of an edited file are used at once; changed effects when the
/// lanes have taken them over; changed projections in a new generation, which `dev` builds by itself.
final class LivePipelines: Service {
  /// How often the files are looked at.
  static let interval = Duration.milliseconds(500)

  let name = "pipeline files"
  private let folders: [(name: String, folder: String)]
  private let parameters: ParameterSettings
  private let workers: [PipelineWorker]
  private let rebuildsByItself: Bool
  private let changed: Signal
  private let logger: Logger
  private let definitions: Mutex<[String: (pipeline: Pipeline, revision: Int)]>
  /// Of each pipeline the file as it was looked at last. Held while a file is read, so that who asks for a look has what another one has begun to read.
  private let seen: Mutex<[String: Seen]>

  private struct Seen {
    var stamp: String?
    /// Why the file as it is now is not in use; nil where it is.
    var mistake: String?
  }

  /// `pipelines` are those of the folders, in order; `parameters` were set at the start, and hold for edited files too. `rebuildsByItself` builds changed projections without being asked.
  init(
    _ pipelines: [Pipeline], folders: [String], parameters: ParameterSettings, workers: [PipelineWorker],
    rebuildsByItself: Bool, changed: Signal, logger: Logger
  ) {
    self.folders = zip(pipelines, folders).map { ($0.name, $1) }
    self.parameters = parameters
    self.workers = workers
    self.rebuildsByItself = rebuildsByItself
    self.changed = changed
    self.logger = logger
    seen = Mutex(
      Dictionary(self.folders.map { ($0.name, Seen(stamp: LivePipelines.stamp($0.folder))) }) { first, _ in first })
    definitions = Mutex(Dictionary(pipelines.map { ($0.name, ($0, 0)) }) { $1 })
  }

  /// All, in the order in which they were given.
  var pipelines: [Pipeline] { folders.compactMap { definition(of: $0.name)?.pipeline } }

  /// The definition that holds now, and how often it was edited.
  func definition(of name: String) -> (pipeline: Pipeline, revision: Int)? { definitions.withLock { $0[name] } }

  func run() async throws {
    while !Task.isCancelled {
      try? await Task.sleep(for: LivePipelines.interval)
      for (name, _) in folders { look(at: name) }
    }
  }

  /// Takes what a pipeline's file says now, if it was edited since the last look. Answers why the file as it is cannot be used; nil where it is in use.
  @discardableResult func look(at name: String) -> String? {
    guard let folder = folders.first(where: { $0.name == name })?.folder else { return nil }
    return seen.withLock { seen in
      let stamp = LivePipelines.stamp(folder)
      if stamp != seen[name]?.stamp, stamp != nil { seen[name] = Seen(stamp: stamp, mistake: reload(name, folder)) }
      return seen[name]?.mistake
    }
  }

  /// Changes whenever the file does.
  private static func stamp(_ folder: String) -> String? {
    let path = folder.hasSuffix(".yaml") ? folder : folder + "/" + PipelineLoader.fileName
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      let date = attributes[.modificationDate] as? Date
    else { return nil }
    return "\(date.timeIntervalSince1970) \(attributes[.size] ?? "") \(attributes[.systemFileNumber] ?? "")"
  }

  /// Answers what is wrong with the file.
  private func reload(_ name: String, _ folder: String) -> String? {
    let pipeline: Pipeline
    do {
      pipeline = try PipelineLoader.load(folder, set: parameters)
    } catch {
      logger.warning(
        "the edited pipeline file has mistakes: the previous version stays in use", ["pipeline": name, "reason": "\(error)"])
      return "\(error)"
    }
    guard pipeline.name == name, let before = definition(of: name) else {
      logger.warning(
        "the edited pipeline file names another pipeline: restart to run it", ["pipeline": name, "named": pipeline.name])
      return "it names another pipeline, \(pipeline.name)"
    }
    definitions.withLock { $0[name] = (pipeline, before.revision + 1) }
    let worker = workers.first { $0.pipeline.name == name }
    if pipeline.fingerprint == before.pipeline.fingerprint {
      logger.info("the pipeline file was edited: its queries, metrics and dashboard are used from now on", ["pipeline": name])
      worker?.replace(pipeline)
    } else if rebuildsByItself {
      logger.info("the pipeline's projections were edited: a new generation is built", ["pipeline": name])
      worker?.replace(pipeline)
    } else {
      logger.info(
        "the pipeline's projections were edited: the old ones serve until: afterimage pipeline rebuild \(name)",
        ["pipeline": name])
      worker?.prepare(pipeline)
    }
    changed.announce()
    return nil
  }
}

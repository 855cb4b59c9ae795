import Foundation
import Testing

/// Where the things that these tests start are.
enum Program {
  /// The built binary: it stands beside the test product.
  static let path: String = {
    var folders = Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
    folders += CommandLine.arguments.prefix(1).map { URL(filePath: $0).deletingLastPathComponent() }
    folders.append(repository.appending(path: ".build/debug"))
    let candidates = folders.map { $0.appending(path: "afterimage").path }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? candidates[0]
  }()

  static let repository: URL = {
    var folder = URL(filePath: #filePath)
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    return folder
  }()

  static func pipeline(_ name: String) -> String { repository.appending(path: "pipelines/\(name)").path }

  /// A copy of the program that lays generations out as the next version may, and can read what this one has made.
  static func withNextLayout(of kind: String, number: Int, in folder: TestFolder) async throws -> String {
    var bytes = try Data(contentsOf: URL(filePath: path))
    let text = "afterimage \(kind) layout "
    let place = try #require(bytes.range(of: Data("\(text)\(number)".utf8)), "the layout's text is not in the program")
    bytes.replaceSubrange(place, with: Data("\(text)\(number + 1)".utf8))
    let copy = folder.file("next-afterimage")
    try bytes.write(to: URL(filePath: copy + ".bytes"))
    // By another process: what this one has open for writing, programs that other tests start at that moment have open, too, and no program can be started from it.
    let copied = try await run("/usr/bin/install", ["-m", "755", copy + ".bytes", copy])
    try #require(copied.status == 0, "\(copied)")
    return copy
  }

  struct Outcome: CustomStringConvertible {
    let status: Int32
    let output: String
    let errors: String

    var description: String { "status \(status)\n\(output)\(errors)" }
  }

  /// Runs `afterimage` with these arguments to its end.
  static func run(_ arguments: String..., in folder: String? = nil) async throws -> Outcome {
    try await run(path, arguments, in: folder)
  }

  static func run(_ command: String, arguments: [String]) async throws -> Outcome { try await run(path, [command] + arguments) }

  static func run(_ program: String, _ arguments: [String], in folder: String? = nil) async throws -> Outcome {
    let child = try ChildProcess(program, arguments, folder: folder)
    let status = await child.ended()
    return Outcome(status: status, output: child.output, errors: child.errors)
  }
}

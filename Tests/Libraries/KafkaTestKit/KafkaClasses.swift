internal import Foundation
internal import Synchronization

/// What lets a broker start within a third of the time: Kafka's classes as Java has them in memory, kept from one start to the next in a file beside the
/// build. Java looks whether it is of these libraries, and goes without where it is not.
enum KafkaClasses {
  /// For `JDK_JAVA_OPTIONS` of whatever runs Kafka: the quick compiler alone besides, for brokers that live for a minute.
  static func options(libraries: String?) -> String {
    let archive = libraries.flatMap { libraries in archives.withLock { $0.archive(of: libraries) } }
    return ([quick] + (archive.map { ["-XX:SharedArchiveFile=\($0)"] } ?? [])).joined(separator: " ")
  }

  private static let quick = "-XX:TieredStopAtLevel=1"
  private static let archives = Mutex(Archives())

  private struct Archives {
    private var known: String??

    /// The file, which the first call makes where it is missing: a broker is started and stopped for it. Nil where that does not go.
    mutating func archive(of libraries: String) -> String? {
      if let known { return known }
      let found = try? Archives.find(libraries)
      known = .some(found)
      return found
    }

    private static func find(_ libraries: String) throws -> String {
      let build = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../.build").standardizedFileURL.path
      let path = build + "/kafka-classes-\(try name(libraries)).jsa"
      if FileManager.default.fileExists(atPath: path) { return path }
      let process = ProcessInfo.processInfo.processIdentifier
      let (folder, new) = (build + "/kafka-classes-\(process)", path + ".\(process)")
      defer {
        _ = try? KafkaBroker.run(["destroy", folder])
        try? FileManager.default.removeItem(atPath: new)
      }
      _ = try KafkaBroker.run(
        ["start", folder, "--port", "\(19_000 + process % 900)"],
        environment: ["KAFKA_HEAP_OPTS=-Xmx512m \(quick) -XX:ArchiveClassesAtExit=\(new)"])
      try KafkaBroker.destroyAfterEnd(folder)
      _ = try KafkaBroker.run(["stop", folder])
      try FileManager.default.moveItem(atPath: new, toPath: path)
      return path
    }

    /// Names the libraries by what they are.
    private static func name(_ libraries: String) throws -> String {
      var sum: UInt64 = 14_695_981_039_346_656_037
      for name in try FileManager.default.contentsOfDirectory(atPath: libraries).sorted() {
        let size = try FileManager.default.attributesOfItem(atPath: libraries + "/" + name)[.size] as? Int ?? 0
        for byte in "\(libraries)/\(name) \(size)\n".utf8 { sum = (sum ^ UInt64(byte)) &* 1_099_511_628_211 }
      }
      return String(sum, radix: 16)
    }
  }
}

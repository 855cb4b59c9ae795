internal import DynamoModel
internal import Foundation

/// The bench's results: by name a number and its unit.
struct Report {
  private var results: [(name: String, value: Double, unit: String)] = []
  private var notes: [(name: String, text: String)] = []

  mutating func add(_ name: String, _ value: Double, _ unit: String) {
    results.append((name, value, unit))
    FileHandle.standardError.write(Data("  \(name) \(String(format: "%.3f", value)) \(unit)\n".utf8))
  }

  mutating func note(_ name: String, _ text: String) {
    notes.append((name, text))
    FileHandle.standardError.write(Data("  \(name): \(text)\n".utf8))
  }

  func value(_ name: String) -> Double? { results.last { $0.name == name }?.value }

  var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("machine")
    writer.beginObject()
    writer.member("cores", ProcessInfo.processInfo.activeProcessorCount)
    writer.member("memory_bytes", ProcessInfo.processInfo.physicalMemory)
    writer.member("system", ProcessInfo.processInfo.operatingSystemVersionString)
    writer.member("processor", Report.processor)
    writer.endObject()
    writer.name("results")
    writer.array(results) { writer, result in
      writer.beginObject()
      writer.member("name", result.name)
      writer.member("value", result.value)
      writer.member("unit", result.unit)
      writer.endObject()
    }
    writer.name("notes")
    writer.array(notes) { $0.string("\($1.name): \($1.text)") }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private static var processor: String {
    let text = FileManager.default.contents(atPath: "/proc/cpuinfo").map { String(decoding: $0, as: UTF8.self) } ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line.flatMap { $0.split(separator: ":").last }.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }
}

/// Wall and processor time of a piece of work.
struct Stopwatch {
  private let start = ContinuousClock.now
  private let cpuStart = Stopwatch.cpu

  var seconds: Double { Double((ContinuousClock.now - start) / .microseconds(1)) / 1e6 }
  /// Of this process, all threads, user and system.
  var cpuSeconds: Double { Stopwatch.cpu - cpuStart }

  /// Of all programs that this process started and that have ended, user and system.
  static var childrenCPU: Double { cpu(of: __rusage_who_t(RUSAGE_CHILDREN.rawValue)) }

  /// Of this process since its start.
  static var processCPU: Double { cpu }

  private static var cpu: Double { cpu(of: __rusage_who_t(RUSAGE_SELF.rawValue)) }

  private static func cpu(of who: __rusage_who_t) -> Double {
    var usage = rusage()
    getrusage(who, &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }
}

/// A folder for one part, removed afterwards.
func withTemporaryDirectory(_ body: (String) async throws -> Void) async throws {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("afterimage-bench-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  try await body(path)
}

func residentBytes() -> Int {
  let text = FileManager.default.contents(atPath: "/proc/self/statm").map { String(decoding: $0, as: UTF8.self) } ?? ""
  return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
}

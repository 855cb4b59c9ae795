internal import Foundation
internal import Synchronization

/// The two functions that libFuzzer, which brings the program's `main`, calls. `AFTERIMAGE_FUZZER=json afterimage-fuzzer FOLDER [options]`; also
/// expressions, signatures, http. Before it begins, the seeds, made in code, are written into the folder. It ends with another status than 0
/// when an input ended the process, took too long or too much memory.
private let target = Mutex<FuzzTarget?>(nil)

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
  let words = (1..<Int(count.pointee)).compactMap { arguments.pointee[$0].map { String(cString: $0) } }
  let name = ProcessInfo.processInfo.environment["AFTERIMAGE_FUZZER"] ?? ""
  guard let chosen = FuzzTarget(rawValue: name), let folder = words.first(where: { !$0.hasPrefix("-") }) else {
    print("usage: AFTERIMAGE_FUZZER=json|expressions|signatures|http afterimage-fuzzer FOLDER [-max_total_time=60 ...]")
    exit(2)
  }
  do {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (number, seed) in chosen.seeds.enumerated() {
      try Data(seed).write(to: URL(filePath: "\(folder)/seed-\(number)"))
    }
  } catch {
    print("\(folder): \(error)")
    exit(2)
  }
  chosen.prepare()
  target.withLock { $0 = chosen }
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func take(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  target.withLock { $0 }?.take(bytes, count) ?? 0
}

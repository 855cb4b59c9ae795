import Foundation
import Synchronization

/// A process with its output as it comes. It is killed with the value, and when the test that waits for it is cancelled by its time limit.
final class ChildProcess: Sendable {
  private struct State {
    var output: [UInt8] = []
    var errors: [UInt8] = []
    var openPipes = 2
    var status: Int32?
    var waiting: [CheckedContinuation<Void, Never>] = []

    /// Nothing more will come.
    var isOver: Bool { status != nil && openPipes == 0 }
  }

  private let process = Process()
  private let input = Pipe()
  private let state = Mutex(State())

  init(_ program: String, _ arguments: [String], folder: String? = nil, environment: [String: String] = [:]) throws {
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    process.environment = ProcessInfo.processInfo.environment.merging([
      "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
      "AWS_EC2_METADATA_DISABLED": "true", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
      "SWIFT_BACKTRACE": "enable=no",
    ]) { $1 }.merging(environment) { $1 }
    let output = Pipe()
    let errors = Pipe()
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    process.terminationHandler = { [weak self] process in
      let status = process.terminationStatus
      self?.change { $0.status = status }
    }
    output.fileHandleForReading.readabilityHandler = { [weak self] handle in
      let data = handle.availableData
      if data.isEmpty { handle.readabilityHandler = nil }
      self?.change { state in
        if data.isEmpty { state.openPipes -= 1 } else { state.output += data }
      }
    }
    errors.fileHandleForReading.readabilityHandler = { [weak self] handle in
      let data = handle.availableData
      if data.isEmpty { handle.readabilityHandler = nil }
      self?.change { state in
        if data.isEmpty { state.openPipes -= 1 } else { state.errors += data }
      }
    }
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  private func change(_ body: (inout State) -> Void) {
    let waiting = state.withLock { state in
      body(&state)
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  var output: String { String(decoding: state.withLock { $0.output }, as: UTF8.self) }
  var errors: String { String(decoding: state.withLock { $0.errors }, as: UTF8.self) }

  /// Waits until `fact` gives something, looking again whenever the process says something or ends; nil when it ended without.
  private func wait<Fact: Sendable>(_ fact: @Sendable (State) -> Fact?) async -> Fact? {
    let identifier = process.processIdentifier
    return await withTaskCancellationHandler {
      while true {
        let (found, isOver) = state.withLock { (fact($0), $0.isOver) }
        if found != nil || isOver { return found }
        await withCheckedContinuation { continuation in
          let isNow = state.withLock { state in
            if fact(state) != nil || state.isOver { return true }
            state.waiting.append(continuation)
            return false
          }
          if isNow { continuation.resume() }
        }
      }
    } onCancel: {
      kill(identifier, SIGKILL)
    }
  }

  /// The exit status (of a signal its number), when everything that it said is there too.
  @discardableResult
  func ended() async -> Int32 {
    await wait { $0.isOver ? $0.status : nil } ?? -1
  }

  /// The first whole line of output that begins so; nil when the process ended without it.
  func line(_ beginning: String) async -> String? {
    await wait { state in
      String(decoding: state.output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        .first { $0.hasPrefix(beginning) }.map(String.init)
    }
  }

  /// The whole line of output with this number, from 0; nil when the process ended before it.
  func line(_ number: Int) async -> String? {
    await wait { state in
      let lines = String(decoding: state.output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        .dropLast()
      return number < lines.count ? String(lines[number]) : nil
    }
  }

  /// The first whole line on standard error that contains the text; nil when the process ended without it.
  func errorLine(containing text: String) async -> String? {
    await wait { state in
      String(decoding: state.errors, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        .first { $0.contains(text) }.map(String.init)
    }
  }

  func send(_ line: String) { try? input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8)) }
  func signal(_ number: Int32) { kill(process.processIdentifier, number) }
}

internal import Foundation
internal import Synchronization

/// The keys of a file, read again when it changes.
///
/// A file that has become unreadable or wrong leaves the keys as they were, and `onProblem` hears of it once for each change.
package final class KeyFile: Sendable {
  private struct State {
    var keys: KeySet
    var stamp: Stamp?
    var checkedAt: ContinuousClock.Instant
  }

  /// What tells that a file has changed. Its time alone may be that of what was read, when it is written twice within a few milliseconds.
  private struct Stamp: Equatable {
    let modified: Date?
    let size: Int?
    let number: Int?
  }

  private let path: String
  private let fixed: [AccessKey]
  private let onProblem: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// How often the file is looked at, while somebody asks for its keys.
  package static let checkInterval = Duration.milliseconds(500)

  /// Reads the file. `fixed` are keys beside it, for the process's own use.
  package init(
    path: String, fixed: [AccessKey] = [], onProblem: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(AccessFileError) {
    self.path = path
    self.fixed = fixed
    self.onProblem = onProblem
    let stamp = KeyFile.stamp(path)
    let keys = try AccessFile.keys(path: path)
    state = Mutex(State(keys: KeySet(keys + fixed), stamp: stamp, checkedAt: .now))
  }

  /// The keys that hold now: those of the file as it was at most `checkInterval` ago.
  package var current: KeySet {
    reload()
    return state.withLock { $0.keys }
  }

  /// Nil where the file is missing.
  private static func stamp(_ path: String) -> Stamp? {
    guard let found = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
    return Stamp(
      modified: found[.modificationDate] as? Date, size: found[.size] as? Int, number: found[.systemFileNumber] as? Int)
  }

  private func reload() {
    let now = ContinuousClock.now
    let known: Stamp?? = state.withLock { state in
      guard now - state.checkedAt >= KeyFile.checkInterval else { return .none }
      state.checkedAt = now
      return .some(state.stamp)
    }
    guard let known else { return }
    let stamp = KeyFile.stamp(path)
    guard stamp != known else { return }
    do throws(AccessFileError) {
      let keys = try AccessFile.keys(path: path)
      state.withLock { state in
        state.keys = KeySet(keys + fixed, version: state.keys.version + 1)
        state.stamp = stamp
      }
    } catch {
      state.withLock { $0.stamp = stamp }
      onProblem("\(error); the keys stay as they were")
    }
  }
}

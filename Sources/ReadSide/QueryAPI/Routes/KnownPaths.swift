internal import Synchronization

/// The paths that were asked for, with what they mean: the same few come again and again, and to take one apart costs more than some answers.
final class KnownPaths: Sendable {
  /// Past it all are forgotten.
  static let pathsMax = 256
  /// Of a path: longer ones are taken apart each time.
  static let pathBytesMax = 256

  private struct Key: Hashable {
    let method: String
    let path: String
  }

  private let known = Mutex<[Key: (route: Route, names: [String])]>([:])

  /// What `find` gives for the request's path, and gave before.
  func route(
    _ asked: QueryRouter.Asked, find: () throws(QueryError) -> (route: Route, names: [String])
  ) throws(QueryError) -> (route: Route, names: [String]) {
    guard asked.path.utf8.count <= KnownPaths.pathBytesMax else { return try find() }
    let key = Key(method: asked.method, path: asked.path)
    if let found = known.withLock({ $0[key] }) { return found }
    let found = try find()
    // A browser's paths are ASCII. Of others two that Unicode calls equivalent would be one.
    guard asked.path.utf8.allSatisfy({ $0 < 0x80 }) else { return found }
    known.withLock { known in
      if known.count >= KnownPaths.pathsMax { known = [:] }
      known[key] = found
    }
    return found
  }
}

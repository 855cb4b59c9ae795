internal import Pipelines

/// A projection that a lane's table feeds. A class, as what hangs on it is: to go over the projections of a record then costs a
/// reference and not a copy of each one's parts.
final class Feed: Sendable {
  /// Index in `Pipeline.projections`.
  let projection: Int
  /// Set for sessions that consist of touches.
  let touches: Touches?

  final class Touches: Sendable {
    let touches: [Boxed]
    let ends: [Boxed]

    init(_ touches: [Source], _ ends: [Source], table: Int) {
      self.touches = touches.filter { $0.table == table }.map { Boxed($0) }
      self.ends = ends.filter { $0.table == table }.map { Boxed($0) }
    }
  }

  final class Boxed: Sendable {
    let source: Source

    init(_ source: Source) { self.source = source }
  }

  init(_ index: Int, _ projection: Projection, table: Int) {
    self.projection = index
    if case .sessions(let sessions) = projection.kind, case .touches(let sources) = sessions.subject {
      touches = Touches(sources, sessions.ends, table: table)
    } else {
      touches = nil
    }
  }
}

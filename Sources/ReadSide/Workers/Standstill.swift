/// What stands still of a pipeline in one process, as a value, and whether anything goes on beside it.
package struct Standstill: Sendable, Equatable {
  /// A lane as this process sees it.
  struct Lane: Sendable, Equatable {
    /// Whether this process is to run it.
    let isOwn: Bool
    /// Why it stands still; nil while it goes on.
    let stopped: String?
  }

  /// Whether the pipeline does here what it should: not while all of its lanes here stand still, or it may have none.
  package let isWorking: Bool
  /// A sentence for each thing that stands still.
  package let reasons: [String]

  /// `pipeline`, `assignment` and `decider` say why the pipeline as a whole, the assignment of lanes and the decider stand still; nil where they do not.
  init(pipeline: String?, assignment: String?, decider: String?, lanes: [Lane]) {
    if let pipeline {
      (isWorking, reasons) = (false, [pipeline])
      return
    }
    // A lane that another process runs is nothing to this one; one that cannot begin is nobody's yet.
    let own = lanes.filter { $0.isOwn || $0.stopped != nil }
    reasons = [assignment, decider].compactMap { $0 } + own.compactMap(\.stopped)
    isWorking = assignment == nil && (own.isEmpty || own.contains { $0.stopped == nil })
  }
}

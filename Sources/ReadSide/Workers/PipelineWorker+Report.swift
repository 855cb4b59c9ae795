internal import Pipelines
package import ReadModels

extension PipelineWorker {
  /// What this process does on the pipeline now: the lanes that it has read, and what waits for lanes where it leads.
  package var report: WorkReport {
    var report = WorkReport(stopped: [stopped].compactMap { $0 })
    for work in generations {
      report.stopped +=
        [work.assignment.trouble].compactMap { $0 } + work.lanes.all.filter { $0.beat == nil }.compactMap(\.stopped)
      for lane in work.lanes.all where lane.beat != nil && work.assignment.holds(lane.table, lane.partition) {
        report.lanes.append(
          WorkReport.Lane(
            generation: work.generation.number, table: lane.table, partition: lane.partition, sequence: lane.sequence,
            behind: lane.behind, watermark: lane.watermark, deadLetters: lane.deadLetters, retention: lane.retention,
            stopped: lane.stopped))
      }
      guard work.lead.isHeld else { continue }
      report.held[work.generation.number] = work.lanes.held
      if let reason = work.lanes.deciderStopped { report.stopped.append(reason) }
    }
    return report
  }

  /// What stands still here of the generation that is worked on, a sentence for each, and whether anything goes on beside it.
  package var standstill: (isWorking: Bool, reasons: [String]) {
    if let stopped { return (false, [stopped]) }
    guard let work = generations.first else { return (true, []) }
    // A lane that another process runs is nothing to this one; one that cannot begin is nobody's yet.
    let own = work.lanes.all.filter { $0.stopped != nil || work.assignment.holds($0.table, $0.partition) }
    let reasons = [work.assignment.trouble, work.lanes.deciderStopped].compactMap { $0 } + own.compactMap(\.stopped)
    let isWorking = work.assignment.trouble == nil && (own.isEmpty || own.contains { $0.stopped == nil })
    return (isWorking, reasons)
  }
}

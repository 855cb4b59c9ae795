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

  /// What stands still here of the generation that is worked on.
  package var standstill: Standstill {
    let work = generations.first
    return Standstill(
      pipeline: stopped, assignment: work?.assignment.trouble, decider: work?.lanes.deciderStopped,
      lanes: (work?.lanes.all ?? []).map { lane in
        .init(isOwn: work?.assignment.holds(lane.table, lane.partition) ?? false, stopped: lane.stopped)
      })
  }
}

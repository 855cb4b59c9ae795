internal import Pipelines
internal import ReadModels
package import Services
package import Telemetry

/// Evaluates the metrics of pipelines, and asks read models what they count: of each pipeline when something was committed, at most every `MetricSchedule.interval`, on a connection that
/// nothing else uses, and never for a scrape.
package struct MetricEvaluation: Service {
  /// What a process shows.
  package enum Part: Sendable, CaseIterable {
    /// The metrics of the pipelines' files.
    case pipelines
    /// Dead letters and effects.
    case counts
  }

  package let name = "metrics of pipelines"
  private let views: [PipelineView]
  private let changed: Signal
  private let board: MetricBoard
  private let parts: Set<Part>
  private let logger: Logger
  private let interval: Duration

  /// `changed` is announced after each checkpoint in this process; what another process commits is found by looking.
  package init(views: [PipelineView], changed: Signal, board: MetricBoard, parts: Set<Part>, logger: Logger) {
    self.init(views: views, changed: changed, board: board, parts: parts, logger: logger, interval: MetricSchedule.interval)
  }

  init(views: [PipelineView], changed: Signal, board: MetricBoard, parts: Set<Part>, logger: Logger, interval: Duration) {
    self.views = views
    self.changed = changed
    self.board = board
    self.parts = parts
    self.logger = logger
    self.interval = interval
  }

  package func run() async throws {
    // Each pipeline for itself: a slow query of one holds no other's metrics back.
    await withDiscardingTaskGroup { group in
      for view in views { group.addTask { await self.run(view) } }
    }
  }

  private func run(_ view: PipelineView) async {
    var schedule = MetricSchedule(interval: interval)
    while !Task.isCancelled {
      let pause = schedule.pause(at: .now)
      if pause > .zero {
        try? await Task.sleep(for: pause)
        continue
      }
      let ticket = changed.ticket
      let begin = ContinuousClock.now
      let outcome = await look(view, schedule)
      schedule.looked(outcome, from: begin, to: .now)
      await changed.wait(since: ticket, timeout: interval)
    }
  }

  private func look(_ view: PipelineView, _ schedule: MetricSchedule) async -> MetricSchedule.Outcome {
    do {
      let evaluated = try await view.evaluateMetrics(parts, if: { schedule.isDue($0) })
      guard let results = evaluated.results else {
        board.hold(view.name, at: .now)
        return .unchanged
      }
      tell(board.set(view.name, results, at: .now), view.name)
      if let counts = evaluated.counts { board.set(view.name, counts) }
      let isWhole = results.allSatisfy { if case .rows = $0.result { true } else { false } }
      return .evaluated(evaluated.state, isWhole: isWhole)
    } catch ReaderError.notReady {
      return .absent
    } catch {
      if Task.isCancelled { return .failed }
      tell(board.fail(view.name, "\(error)", at: .now), view.name)
      return .failed
    }
  }

  private func tell(_ news: [MetricBoard.News], _ pipeline: String) {
    for news in news {
      if let reason = news.failure {
        logger.warning(
          "a metric cannot be evaluated: its last value stays",
          ["pipeline": pipeline, "metric": news.metric, "reason": reason])
      }
      if news.isMended { logger.info("a metric is evaluated again", ["pipeline": pipeline, "metric": news.metric]) }
      if let count = news.leftOut {
        logger.warning(
          "a metric has more rows than `series` says: those past it are left out",
          ["pipeline": pipeline, "metric": news.metric, "rows": "\(count)"])
      }
    }
  }
}

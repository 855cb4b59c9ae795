package import ChangeRecords
package import Pipelines

/// A projection that waits for a lane: what several lanes feed in order stands as far as the one that is furthest back.
package struct HeldProjection: Sendable, Equatable {
  package let projection: String
  package let table: String
  package let partition: Int
  /// Steps that wait.
  package let waiting: Int

  package init(projection: String, table: String, partition: Int, waiting: Int) {
    self.projection = projection
    self.table = table
    self.partition = partition
    self.waiting = waiting
  }
}

/// What a process says of its work on a pipeline, for all that share the pipeline's store.
package struct WorkReport: Sendable, Equatable {
  /// A lane that the process runs.
  package struct Lane: Sendable, Equatable {
    /// The generation's number.
    package let generation: Int
    package let table: String
    package let partition: Int
    /// The last record in the read model.
    package let sequence: SequenceNumber
    /// Records in the log after it, as far as known.
    package let behind: UInt64
    /// The time for which the rows hold; `distantPast` before the lane has committed any.
    package let watermark: Instant
    package let deadLetters: Int
    /// How long the log keeps records, in milliseconds; nil forever, or not known.
    package let retention: Int64?
    /// Why the lane stands still; nil while it goes on.
    package let stopped: String?

    package init(
      generation: Int, table: String, partition: Int, sequence: SequenceNumber, behind: UInt64, watermark: Instant,
      deadLetters: Int, retention: Int64?, stopped: String?
    ) {
      self.generation = generation
      self.table = table
      self.partition = partition
      self.sequence = sequence
      self.behind = behind
      self.watermark = watermark
      self.deadLetters = deadLetters
      self.retention = retention
      self.stopped = stopped
    }
  }

  package var lanes: [Lane]
  /// Of the generations that the process leads, by number: what waits for lanes.
  package var held: [Int: [HeldProjection]]
  /// A sentence for each thing that stands still beside the lanes.
  package var stopped: [String]

  package init(lanes: [Lane] = [], held: [Int: [HeldProjection]] = [:], stopped: [String] = []) {
    self.lanes = lanes
    self.held = held
    self.stopped = stopped
  }
}

/// What the processes that share a store have said last, and how long ago by the store's clock.
package struct ReportedWork: Sendable, Equatable {
  package struct Lane: Sendable, Equatable {
    package let report: WorkReport.Lane
    /// The process that ran the lane last.
    package let worker: String
    package let age: Duration

    package init(_ report: WorkReport.Lane, worker: String, age: Duration) {
      self.report = report
      self.worker = worker
      self.age = age
    }
  }

  package struct Worker: Sendable, Equatable {
    package let name: String
    package let age: Duration
    package var held: [Int: [HeldProjection]] = [:]
    package var stopped: [String] = []

    package init(_ name: String, age: Duration) {
      self.name = name
      self.age = age
    }
  }

  /// By generation, table and partition.
  package var lanes: [Lane]
  /// By name.
  package var workers: [Worker]
  /// The store's clock when it was asked, in milliseconds since 1970; nil where that is this machine's.
  package var now: Int64?

  package init(lanes: [Lane] = [], workers: [Worker] = [], now: Int64? = nil) {
    self.lanes = lanes
    self.workers = workers
    self.now = now
  }
}

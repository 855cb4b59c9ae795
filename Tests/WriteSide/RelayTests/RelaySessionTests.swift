import ChangeLog
import ChangeRecords
import Kafka
import KafkaLog
import RecordLiteralTestKit
import Testing

@testable import Relay

/// Where a relay begins, what it publishes next, and what follows from an error: no broker is asked.
@Suite struct RelaySessionTests {
  let tableID = TableID(rawValue: 7)
  let old = TableID(rawValue: 6)

  private func found(_ state: RelayState?, topic: Int? = 2, firsts: [SequenceNumber] = [1, 1]) -> RelaySession.Found {
    .init(state: state, topicPartitions: topic, log: LogDescription(tableID: tableID, partitions: 2), firsts: firsts)
  }

  private func state(
    _ sequences: [SequenceNumber], _ tableID: TableID? = nil, publication: Int = 1, promised: [SequenceNumber] = [0, 0]
  ) -> RelayState {
    RelayState(
      tableID: tableID ?? self.tableID, relay: "me", publication: publication,
      partitions: zip(sequences, promised).map { .init(sequence: $0, watermark: at(Int64($0.rawValue)), promised: $1) })
  }

  private func at(_ milliseconds: Int64) -> LogTime { LogTime(rawValue: milliseconds) }

  private func start(_ found: RelaySession.Found) throws -> RelaySession.Start {
    try RelaySession.start("T", TopicNames(), found, identity: "me")
  }

  // MARK: - The beginning

  @Test func `a table that was never published begins with what its log keeps`() throws {
    guard case .publish(let first) = try start(found(nil, topic: nil, firsts: [1, 500])) else { return #expect(Bool(false)) }
    #expect(first.partitions.map(\.sequence) == [0, 499] && first.publication == 1 && first.tableID == tableID)
  }

  @Test func `what was published is gone on from, under this relay's name`() throws {
    var other = state([3, 4])
    other.relay = "another"
    #expect(try start(found(other)) == .publish(state([3, 4])))
  }

  @Test func `a topic that was deleted is published again in another, from what the log keeps`() throws {
    guard case .publish(let first) = try start(found(state([30, 40]), topic: nil, firsts: [1, 21])) else {
      return #expect(Bool(false))
    }
    #expect(first.publication == 2)
    #expect(first.partitions == [.init(sequence: 0, promised: 30), .init(sequence: 20, promised: 40)])
  }

  @Test func `a publication that has only been asked for begins with what the log keeps`() throws {
    let asked = state([30, 40]).republished(from: [1, 1])
    guard case .publish(let first) = try start(found(asked, firsts: [1, 21])) else { return #expect(Bool(false)) }
    #expect(first.partitions == [.init(sequence: 0, promised: 30), .init(sequence: 20, promised: 40)])
  }

  @Test func `a second publication keeps what the first one promised`() {
    let again = state([30, 0]).republished(from: [1, 1]).republished(from: [1, 1])
    #expect(again.publication == 3 && again.partitions.map(\.promised) == [30, 0])
  }

  @Test func `the former life of a table comes first, and its topic is kept`() throws {
    let former = state([3, 4], old, publication: 2)
    guard case .finish(let rest, let otherwise) = try start(found(former)) else { return #expect(Bool(false)) }
    #expect(rest == former)
    #expect(otherwise.tableID == tableID && otherwise.publication == 2 && otherwise.partitions.map(\.sequence) == [0, 0])
  }

  @Test func `another number of partitions is refused`() {
    for found in [found(state([1, 1]), topic: 3), found(nil, topic: 3), found(state([1]), topic: 2)] {
      let error = #expect(throws: RelayError.self) { try start(found) }
      #expect(error?.kind == .configuration)
    }
  }

  // MARK: - The work

  private func batch(_ partition: Int, _ sequence: SequenceNumber, _ milliseconds: Int64) -> RecordBatch {
    let time = at(milliseconds)
    return RecordBatch(
      partition: partition, format: .stored, entries: [.init(sequence: sequence, time: time, start: 0, end: 0)],
      end: LogCursor(tableID: tableID, sequence: sequence), watermark: time)
  }

  @Test func `batches are published at once, watermarks now and then, and only through what is published`() throws {
    var session = RelaySession(state([1, 1]), watermarkInterval: .seconds(1))
    let now = ContinuousClock.now
    guard case .publish(let next) = session.next([batch(0, 5, 50)], [nil, nil], now: now) else { return #expect(Bool(false)) }
    #expect(next.partitions[0] == .init(sequence: 5, watermark: at(50)))
    let isOver = session.published(next, now: now)
    #expect(!isOver)
    let watermarks: [RelayInbox.Watermark?] = [.init(sequence: 5, time: at(90)), .init(sequence: 2, time: at(90))]
    #expect(session.next([], watermarks, now: now + .milliseconds(999)) == .wait)
    guard case .publish(let later) = session.next([], watermarks, now: now + .seconds(1)) else { return #expect(Bool(false)) }
    // Record 2 of partition 1 is not published yet: its watermark does not hold.
    #expect(later.partitions == [.init(sequence: 5, watermark: at(90)), .init(sequence: 1, watermark: at(1))])
  }

  @Test func `the end of a table's life is published at once and ends the session`() {
    var session = RelaySession(state([1, 1]), watermarkInterval: .seconds(60))
    let now = ContinuousClock.now
    _ = session.published(session.state, now: now)
    let ends: [RelayInbox.Watermark?] = [.init(sequence: 1, time: .distantFuture), .init(sequence: 1, time: .distantFuture)]
    guard case .publish(let last) = session.next([], ends, now: now) else { return #expect(Bool(false)) }
    let isOver = session.published(last, now: now)
    #expect(isOver)
  }

  // MARK: - Errors

  @Test func `an error that passes is tried again, later each time and within five seconds`() {
    let error = LogError(.retry, table: "T", "away")
    let pauses = (1...9).map { attempt -> Duration? in
      if case .retry(let pause) = RelaySession.failed(error, "T", TopicNames(), attempts: attempt) { pause } else { nil }
    }
    #expect(pauses == [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000].map { .milliseconds($0) })
  }

  @Test func `what the brokers do not allow is tried again with the same patience, and says what to ask for`() {
    let denied = LogError(.denied, table: "T", "ask for READ")
    let refused = RelayError(kind: .refused, table: "T", message: "ask for WRITE")
    let unknown = KafkaError(code: -169, "the brokers refuse the password")
    for (error, words) in [(denied as any Error, "ask for READ"), (refused, "ask for WRITE"), (unknown, "refuse the password")] {
      for (attempt, milliseconds) in [(1, 100), (2, 200), (7, 5_000), (1_000_000, 5_000)] {
        guard case .refused(let reason, let pause) = RelaySession.failed(error, "T", TopicNames(), attempts: attempt) else {
          return #expect(Bool(false))
        }
        #expect(reason.contains(words) && pause == .milliseconds(milliseconds))
      }
    }
  }

  @Test func `lost records stop the relay and name the way out`() {
    for kind in [LogError.Kind.trimmed, .corrupt] {
      guard case .stop(let error) = RelaySession.failed(LogError(kind, table: "T", "gone"), "T", TopicNames(), attempts: 1) else {
        return #expect(Bool(false))
      }
      #expect(error.kind == .lost && error.message.contains("afterimage relay republish T"))
    }
  }

  @Test func `a fence is explained by the companion's record`() {
    func fence(_ companion: RelayState?) -> RelaySession.Fence {
      RelaySession.fenced("T", companion: companion, identity: "me", publication: 1)
    }
    #expect(fence(nil) == .unknown)
    #expect(fence(state([1, 1])) == .unknown)
    #expect(fence(state([1, 1]).republished(from: [1, 1])) == .republished)
    var other = state([1, 1])
    other.relay = "another"
    guard case .superseded(let error) = fence(other) else { return #expect(Bool(false)) }
    #expect(error.kind == .superseded && error.message.contains("another"))
  }
}

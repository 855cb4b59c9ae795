import ChangeRecords
import DynamoClient
import DynamoModel
import Foundation
import HTTPClient
import Postgres
import PostgresTestKit
import RecordLiteralTestKit
import Synchronization
import Testing

/// What is seen of the lanes of the shipped pipelines while workers come and go.
struct LaneWatch {
  /// Where a lane stands in the read model.
  struct Place: Equatable {
    let epoch: Int64
    let sequence: Int64
    let watermark: Int64
  }

  private let connection: PostgresConnection
  /// All in their first generation.
  private let lanes: String

  init(_ fleet: Fleet) throws {
    connection = try PostgresConnection(fleet.database.settings())
    let places = ShippedScene.names.map {
      "SELECT table_name, partition, epoch, sequence, watermark FROM \"afterimage.\($0).1\"._lanes"
    }
    lanes = places.joined(separator: " UNION ALL ")
  }

  func close() { connection.close() }

  /// By lane, as `Chat[0]`.
  func places() throws -> [String: Place] {
    let rows = try connection.run(lanes)
    var places: [String: Place] = [:]
    for row in 0..<rows.count {
      places["\(rows.text(row, 0) ?? "")[\(rows.int64(row, 1))]"] = Place(
        epoch: rows.int64(row, 2), sequence: rows.int64(row, 3), watermark: rows.int64(row, 4))
    }
    return places
  }

  /// The process that leads a pipeline's generation; nil while none does.
  func leader(_ pipeline: String) throws -> pid_t? {
    let rows = try connection.run(
      "SELECT worker FROM \"afterimage.\(pipeline)\".leads WHERE generation = 1 AND until > clock_timestamp()")
    return rows.count == 0 ? nil : LaneWatch.process(rows.text(0, 0) ?? "")
  }

  /// How far the decider of the login sessions is, in microseconds since 1970.
  func decided() throws -> Int64 {
    let rows = try connection.run(
      "SELECT coalesce(min(time), 0) FROM \"afterimage.session-store-single.1\"._decided WHERE projection >= 0")
    return rows.int64(0, 0)
  }

  /// Workers name themselves by host, process, and a number.
  static func process(_ worker: String) -> pid_t? { worker.split(separator: ":").dropFirst().first.flatMap { pid_t($0) } }
}

extension Fleet {
  /// A lane as a query process tells of it.
  struct SaidLane {
    let lane: String
    let process: pid_t?
    let sequence: Int
    let watermark: Int

    /// Between two that are the same lie at most so many milliseconds of the log's time.
    private static let ageMax = 2_000

    func isSame(as other: SaidLane) -> Bool {
      (lane, process, sequence) == (other.lane, other.process, other.sequence) && process != nil && watermark > 0
        && abs(watermark - other.watermark) <= SaidLane.ageMax
    }
  }

  private static let asking = HTTPClient()

  /// What a query process says of all lanes.
  static func said(at page: String) async throws -> [SaidLane] {
    var all: [SaidLane] = []
    for pipeline in ShippedScene.names {
      let answer = try await asking.send(.init(url: "\(page)/v1/pipelines/\(pipeline)"))
      let status = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
      let generation = (status?["generations"] as? [[String: Any]])?.first { $0["state"] as? String == "current" }
      for lane in generation?["lanes"] as? [[String: Any]] ?? [] {
        all.append(
          SaidLane(
            lane: "\(lane["table"] ?? "")[\(lane["partition"] ?? "")]",
            process: (lane["worker"] as? String).flatMap(LaneWatch.process), sequence: lane["sequence"] as? Int ?? -1,
            watermark: lane["watermark"] as? Int ?? -1))
      }
    }
    return all.sorted { $0.lane < $1.lane }
  }

  func worker(_ process: pid_t?) -> Int? { workers.firstIndex { $0 != nil && $0?.child.identifier == process } }

  /// Waits until all lanes run, each running worker has its share of each table's, and every query process says the same of them; which worker has which.
  @discardableResult
  func settled() async throws -> [String: Int] {
    let running = Set(workers.compactMap { $0?.child.identifier })
    var owners: [String: Int] = [:]
    try await wait("all query processes say that \(running.count) workers run all lanes") {
      var answers: [[SaidLane]] = []
      for query in queries { answers.append(try await Fleet.said(at: query.page)) }
      let views = answers.map { answer in Dictionary(answer.map { ($0.lane, $0.process) }) { $1 } }
      guard let view = views.first, Set(views).count == 1, view.count == ShippedScene.names.count * Fleet.partitions else {
        return false
      }
      // Each pipeline's lanes are shared out by a group of their own, evenly; before that is done some have too many.
      for lanes in Dictionary(grouping: view, by: { $0.key.prefix { $0 != "[" } }).values {
        let shares = Dictionary(grouping: lanes, by: \.value).mapValues(\.count)
        guard Set(shares.keys) == running, let least = shares.values.min(), let most = shares.values.max(), most - least <= 1
        else {
          return false
        }
      }
      owners = view.compactMapValues { worker($0) }
      return owners.count == view.count
    }
    return owners
  }

  /// Waits until both query processes say the same of all lanes while nothing is written: each asks the database once in a while, and time passes.
  func sameStatus() async throws {
    let pages = queries.map(\.page)
    var answers: [[SaidLane]] = []
    do {
      try await wait("both query processes say the same") {
        answers = [try await Fleet.said(at: pages[0]), try await Fleet.said(at: pages[1])]
        return answers.allSatisfy { $0.count == ShippedScene.names.count * Fleet.partitions }
          && zip(answers[0], answers[1]).allSatisfy { $0.isSame(as: $1) }
      }
    } catch {
      Issue.record("they say of lanes: \(answers)")
      throw error
    }
  }
}

/// How long it takes until a query process shows a write, by the partition that it goes to: one write after the other to each partition of the games.
final class FreshnessProbe: Sendable {
  struct Sample: Sendable {
    let partition: Int
    let begin: ContinuousClock.Instant
    let took: Duration
  }

  private let samples = Mutex<[Sample]>([])
  private let probing = Mutex<Task<Void, Never>?>(nil)

  private static let pause = Duration.milliseconds(50)

  init(_ scene: ShippedScene, tables: String, page: String) async throws {
    let client = DynamoClient(endpoint: tables)
    @Sendable func profile(_ player: Int, _ name: String) -> TableWrite {
      .put(GameWriter.table, ["PK": .string("Player:probe-\(player)"), "SK": .string("profile"), "Name": .string(name)])
    }
    var players: [Int: Int] = [:]
    for player in 0..<1_000 where players.count < Fleet.partitions {
      guard let position = await scene.perform(profile(player, "new"), client) else { continue }
      if players[position.partition] == nil { players[position.partition] = player }
    }
    let (known, asking) = (players, HTTPClient())
    probing.withLock {
      $0 = Task { [weak self] in
        await withTaskGroup(of: Void.self) { group in
          for (partition, player) in known {
            group.addTask { [self] in
              var number = 0
              while !Task.isCancelled {
                number += 1
                let begin = ContinuousClock.now
                guard let position = await scene.perform(profile(player, "\(number)"), client) else { return }
                let url = "\(page)/v1/pipelines/game-scores/queries/bests_of_player?player=probe-\(player)&at_least=\(position)"
                // Five seconds are waited for at a time.
                while !Task.isCancelled, (try? await asking.send(.init(url: url)))?.status != 200 {
                  try? await Task.sleep(for: .milliseconds(10))
                }
                if !Task.isCancelled {
                  let sample = Sample(partition: partition, begin: begin, took: begin.duration(to: .now))
                  self?.samples.withLock { $0.append(sample) }
                }
                try? await Task.sleep(for: FreshnessProbe.pause)
              }
            }
          }
        }
      }
    }
  }

  func stop() async {
    let task = probing.withLock { $0 }
    task?.cancel()
    await task?.value
  }

  /// Some partitions between two moments.
  struct Window {
    let partitions: Set<Int>
    let begin: ContinuousClock.Instant
    var end: ContinuousClock.Instant
  }

  /// Of what was written in some windows; to be asked when all of it has been shown.
  func took(_ windows: [Window]) -> [Duration] {
    samples.withLock { samples in
      windows.flatMap { window in
        samples.filter { window.partitions.contains($0.partition) && $0.begin >= window.begin && $0.begin <= window.end }
      }.map(\.took).sorted()
    }
  }
}

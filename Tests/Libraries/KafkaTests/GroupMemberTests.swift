import Foundation
import Kafka
import KafkaTestKit
import Testing

/// Members of a consumer group on a real broker.
@Suite(.enabled(if: KafkaBroker.isAvailable, Comment(rawValue: KafkaBroker.skipped)), .timeLimit(.minutes(2)))
struct GroupMemberTests {
  let configuration: KafkaConfiguration
  let topic = KafkaBroker.uniqueName()
  let group = KafkaBroker.uniqueName("g")

  init() async throws {
    configuration = try KafkaBroker.configuration()
    let admin = try Admin(configuration) { _ in }
    try await admin.create(.init(name: topic, partitions: 4, settings: []))
  }

  func member(_ instance: String? = nil) async throws -> GroupMember {
    let member = try GroupMember(configuration, .init(group: group, instance: instance, client: "test")) { _ in }
    try await member.subscribe([topic])
    return member
  }

  /// What the members hold when each holds something and together they hold all; each is asked in turn, and confirms at once.
  func settled(_ members: [GroupMember]) async throws -> [[Int]] {
    var held: [[Int]] = members.map { _ in [] }
    let limit = ContinuousClock.now + .seconds(40)
    while held.contains(where: \.isEmpty) || held.joined().sorted() != [0, 1, 2, 3] {
      try #require(ContinuousClock.now < limit, "the group holds \(held)")
      for (place, member) in members.enumerated() {
        switch await member.next() {
        case .assigned(let partitions)?:
          held[place] = partitions[topic] ?? []
          await member.confirm()
        case .revoked?:
          held[place] = []
          await member.confirm()
        case .ended(let error)?: throw error
        case .failed?, .committed?, nil: break
        }
      }
    }
    return held
  }

  @Test func `partitions are shared, and move at once when a member leaves`() async throws {
    let first = try await member()
    #expect(try await settled([first]) == [[0, 1, 2, 3]])
    let second = try await member()
    let shared = try await settled([first, second])
    #expect(shared.map(\.count) == [2, 2])
    #expect(await second.close(within: .seconds(5)))
    #expect(try await settled([first]) == [[0, 1, 2, 3]])
    #expect(await first.close(within: .seconds(5)))
  }

  @Test func `nobody is assigned anything before the slowest has given back`() async throws {
    let first = try await member()
    _ = try await settled([first])
    let second = try await member()
    var isRevoked = false
    while !isRevoked { if case .revoked? = await first.next() { isRevoked = true } }
    // For twenty looks of 100 ms the second waits.
    for _ in 0..<20 { #expect(await second.next() == nil) }
    await first.confirm()
    #expect(try await settled([first, second]).map(\.count) == [2, 2])
    _ = await second.close(within: .seconds(5))
    _ = await first.close(within: .seconds(5))
  }

  @Test func `a static member that comes back gets its partitions without a rebalance`() async throws {
    let first = try await member("a")
    let second = try await member("b")
    let before = try await settled([first, second])
    #expect(await second.close(within: .seconds(5)))
    let again = try await member("b")
    var held: [Int] = []
    let limit = ContinuousClock.now + .seconds(20)
    while held.isEmpty {
      try #require(ContinuousClock.now < limit)
      #expect(await first.next() == nil, "the other member sees nothing")
      if case .assigned(let partitions)? = await again.next() {
        held = partitions[topic] ?? []
        await again.confirm()
      }
    }
    #expect(held == before[1])
    _ = await again.close(within: .seconds(5))
    _ = await first.close(within: .seconds(5))
  }

  @Test func `the older of two with one instance id is ended`() async throws {
    let older = try await member("a")
    _ = try await settled([older])
    let newer = try await member("a")
    var ended: KafkaError?
    let limit = ContinuousClock.now + .seconds(30)
    while ended == nil {
      try #require(ContinuousClock.now < limit)
      if case .assigned? = await newer.next() { await newer.confirm() }
      if case .ended(let error)? = await older.next() { ended = error }
    }
    #expect(ended?.isFatal == true)
    #expect(ended?.isFencedInstance == true)
    _ = await newer.close(within: .seconds(5))
  }

  @Test func `a commit is answered, and so is a question`() async throws {
    let member = try await member()
    _ = try await settled([member])
    await member.commit([(topic, 0, 0)])
    let limit = ContinuousClock.now + .seconds(20)
    while await member.next() != .committed { try #require(ContinuousClock.now < limit) }
    #expect(await member.isAnswered(topic))
    _ = await member.close(within: .seconds(5))
    let away = try GroupMember(KafkaConfiguration(bootstrap: "127.0.0.1:1"), .init(group: group, client: "test")) { _ in }
    #expect(await !away.isAnswered(topic))
  }

  @Test func `a group's own settings are not the user's`() {
    let configuration = KafkaConfiguration(bootstrap: "localhost:1", [.init("group.instance.id", "x")])
    let error = #expect(throws: KafkaError.self) {
      try GroupMember(configuration, .init(group: "g", client: "c")) { _ in }
    }
    #expect(error?.text.contains("group.instance.id") == true)
  }
}

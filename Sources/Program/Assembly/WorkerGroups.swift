internal import ChangeLog
internal import Kafka
internal import KafkaLog
internal import Services
internal import Synchronization
internal import Telemetry
internal import Workers

/// This process's membership in the consumer groups that share out the lanes: one group for each definition of a pipeline that is worked on here.
///
/// A group's name is `<namespace>.<pipeline>.<fingerprint>`, so that workers of two definitions are two groups. Kafka's tools show members, assignment and
/// lag; where lanes stand is in the read model alone.
final class WorkerGroups: LaneAssigner, Service {
  let name = "worker groups"

  private struct Key: Hashable {
    let pipeline: String
    let fingerprint: String
  }

  /// A group as long as this process is in it.
  private final class Membership: Sendable {
    let key: Key
    /// Tells it from an earlier one in the same group.
    let number: Int
    let assignment = LaneAssignment(isShared: true)
    let tables: [String]
    private let state = Mutex<(users: Int, unusedSince: ContinuousClock.Instant?)>((0, nil))

    let group: String

    init(_ key: Key, _ namespace: Namespace, number: Int, tables: [String]) {
      group = "\(namespace.name).\(key.pipeline).\(key.fingerprint)"
      self.key = key
      self.number = number
      self.tables = tables
    }

    func use() {
      state.withLock {
        $0.users += 1
        $0.unusedSince = nil
      }
    }

    func release() {
      state.withLock {
        $0.users -= 1
        if $0.users == 0 { $0.unusedSince = .now }
      }
    }

    private let drained = Mutex(false)

    /// Whether the lanes are with others, or were waited for in vain.
    var isDrained: Bool {
      get { drained.withLock { $0 } }
      set { drained.withLock { $0 = newValue } }
    }

    /// Whether nobody has used it for a while: between two generations of one definition it is kept.
    var isForgotten: Bool {
      state.withLock { state in state.unusedSince.map { .now - $0 > WorkerGroups.lingering } ?? false }
    }
  }

  private static let lingering = Duration.seconds(3)
  /// For so long lanes may go on to their last checkpoint when this process stops or was taken for dead.
  private static let parkingMax = Duration.seconds(3)
  private static let closingMax = Duration.seconds(5)
  /// After the session time-out of a member that is heard of no more, others have its lanes within this time.
  private static let takingMax = Duration.seconds(5)
  private static let commitInterval = Duration.seconds(5)
  /// The same while the group does not answer or refuses: it is the first to know when that is over.
  private static let troubledInterval = Duration.seconds(1)
  private static let topicsInterval = Duration.seconds(2)

  private let kafka: KafkaConfiguration
  private let namespace: Namespace
  private let instance: String?
  private let logger: Logger
  private let metrics: Metrics
  private let log: @Sendable (String) -> KafkaLog
  private let memberships = Mutex<(all: [Key: Membership], made: Int)>(([:], 0))
  private let joined = Signal()
  private let draining = Mutex(false)

  /// `instance` is the name under which this process comes back to its groups without a rebalance; `log` gives a table's log.
  init(
    _ kafka: KafkaConfiguration, _ namespace: Namespace, instance: String?, logger: Logger, metrics: Metrics,
    log: @escaping @Sendable (String) -> KafkaLog
  ) {
    self.kafka = kafka
    self.namespace = namespace
    self.instance = instance
    self.logger = logger
    self.metrics = metrics
    self.log = log
  }

  func join(_ fingerprint: String, pipeline: String, tables: [String]) -> LaneAssignment {
    let key = Key(pipeline: pipeline, fingerprint: fingerprint)
    let membership = memberships.withLock { memberships in
      let membership = memberships.all[key] ?? Membership(key, namespace, number: memberships.made, tables: tables)
      memberships.made += 1
      membership.use()
      memberships.all[key] = membership
      return membership
    }
    joined.announce()
    return membership.assignment
  }

  func leave(_ fingerprint: String, pipeline: String) {
    memberships.withLock { $0.all[Key(pipeline: pipeline, fingerprint: fingerprint)] }?.release()
  }

  private var isDraining: Bool { draining.withLock { $0 } }

  /// As a member with an instance name, which does not leave its groups by itself: is heard of no more, while its lanes go on here until others have them.
  /// Returns then; at once without a name.
  func drain() async {
    guard instance != nil else { return }
    draining.withLock { $0 = true }
    joined.announce()
    while true {
      let ticket = joined.ticket
      if memberships.withLock({ $0.all.values.allSatisfy(\.isDrained) }) || Task.isCancelled { return }
      await joined.wait(since: ticket, timeout: .seconds(60))
    }
  }

  func run() async throws {
    try await withThrowingDiscardingTaskGroup { members in
      var known: Set<Int> = []
      // A member that cannot go on cancels the group, not the task that waits here.
      while !Task.isCancelled, !members.isCancelled {
        let ticket = joined.ticket
        let all = memberships.withLock { $0.all.values }
        known.formIntersection(all.map(\.number))
        for membership in all where known.insert(membership.number).inserted {
          if isDraining {
            membership.isDrained = true
            joined.announce()
            continue
          }
          members.addTask { [self] in
            defer { joined.announce() }
            try await take(part: membership)
          }
        }
        await joined.wait(since: ticket, timeout: .milliseconds(500))
      }
    }
  }

  private func end(_ membership: Membership) -> Bool {
    memberships.withLock { memberships in
      guard membership.isForgotten else { return false }
      memberships.all[membership.key] = nil
      return true
    }
  }

  /// What a member has subscribed to: by topic, the table.
  private final class Topics: Sendable {
    private let value = Mutex<[String: String]>([:])

    var tables: [String: String] { value.withLock { $0 } }
    func set(_ tables: [String: String]) { value.withLock { $0 = tables } }
  }

  /// Is a member of one group until nobody here works for it, or this process stops.
  private func take(part membership: Membership) async throws {
    let fence = Fence()
    while try await take(part: membership, fence) == .again {}
  }

  /// How a member's part in a group ends.
  private enum End { case over, again }

  private final class Fence: Sendable {
    private let value = Mutex(InstanceFence())

    func troubled() { value.withLock { $0.troubled(at: .now) } }
    func mayJoinAgain() -> Bool { value.withLock { $0.mayJoinAgain(at: .now) } }
  }

  private func take(part membership: Membership, _ fence: Fence) async throws -> End {
    let group = membership.group
    let member: GroupMember
    do throws(KafkaError) {
      member = try GroupMember(
        kafka, .init(group: group, instance: instance, client: instance ?? "afterimage"), log: LogSource.sink(logger))
    } catch {
      throw StartError("the consumer group \(group) cannot be joined: \(error)")
    }
    let topics = Topics()
    let how = try await withThrowingTaskGroup(of: End.self) { tasks in
      tasks.addTask { [self] in
        await find(topics, of: membership)
        return .over
      }
      tasks.addTask { [self] in try await poll(member, membership, topics, fence: fence) }
      let first = try await tasks.next() ?? .over
      tasks.cancelAll()
      return first
    }
    if isDraining, !Task.isCancelled { await drain(member, membership) }
    await end(lanesOf: membership)
    if !(await member.close(within: WorkerGroups.closingMax)) {
      logger.warning("the group is left without a word: its brokers do not answer", ["group": group])
    }
    return Task.isCancelled ? .over : how
  }

  /// The lanes come to their last checkpoints, or are given up.
  private func end(lanesOf membership: Membership) async {
    if await membership.assignment.revoke(within: WorkerGroups.parkingMax) { return }
    logger.warning("lanes are given up without their last checkpoints", ["group": membership.group])
  }

  /// Without a word the group keeps the lanes for this member until its session is over, and then gives them to others: until that they go on here.
  private func drain(_ member: GroupMember, _ membership: Membership) async {
    let group = membership.group
    let session = kafka.settings.last { $0.key == "session.timeout.ms" }.flatMap { Int($0.value) }
    let limit = Duration.milliseconds(session ?? GroupMember.sessionTimeoutMilliseconds) + WorkerGroups.takingMax
    logger.info("lanes go on here until others have taken them", ["group": group, "limit": "\(limit)"])
    _ = await member.close(within: WorkerGroups.closingMax)
    let rest = await membership.assignment.drain(within: limit)
    if rest.isEmpty {
      logger.info("others have the lanes", ["group": group])
    } else {
      logger.warning("nobody has taken these lanes", ["group": group, "lanes": WorkerGroups.text(rest)])
    }
    membership.isDrained = true
    joined.announce()
    // The lanes that are still here end with the process.
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
  }

  /// Finds the topics of the tables, those that come later and those that are published again too.
  private func find(_ topics: Topics, of membership: Membership) async {
    while !Task.isCancelled {
      var found = topics.tables
      for table in membership.tables {
        guard let topic = try? await log(table).recordsTopic() else { continue }
        for old in found.keys where found[old] == table { found[old] = nil }
        found[topic] = table
      }
      topics.set(found)
      try? await Task.sleep(for: WorkerGroups.topicsInterval)
    }
  }

  private func poll(_ member: GroupMember, _ membership: Membership, _ topics: Topics, fence: Fence) async throws -> End {
    let group = membership.group
    let errors = metrics.cell(
      .counter, "afterimage_group_errors_total",
      help: "Seconds in which a consumer group did not answer this process, or refused it.",
      labels: ["pipeline": membership.key.pipeline])
    var subscribed: [String: String] = [:]
    /// What went wrong since the group answered last; empty when nothing did.
    var said = ""
    /// One that waits to be let in has its lanes as the sign that it was.
    var isMember = false
    var committed = ContinuousClock.now
    while !Task.isCancelled, !isDraining, !end(membership) {
      let tables = topics.tables
      if tables != subscribed {
        try await member.subscribe(Array(tables.keys))
        subscribed = tables
      }
      /// The group lets this member use it.
      var isAnswered = false
      switch await member.next() {
      case .assigned(let partitions)?:
        var lanes: [String: Set<Int>] = [:]
        for (topic, numbers) in partitions { if let table = subscribed[topic] { lanes[table, default: []].formUnion(numbers) } }
        membership.assignment.assign(lanes)
        await member.confirm()
        said = ""
        isMember = true
        logger.info("lanes assigned", ["group": group, "lanes": WorkerGroups.text(lanes)])
      case .revoked(let isLost)?:
        isMember = false
        if isLost {
          fence.troubled()
          said = "this member was taken for dead: its lanes were given to others"
          logger.warning(said, ["group": group])
          await end(lanesOf: membership)
        } else {
          membership.assignment.giveBack()
        }
        await member.confirm()
      case .ended(let error)?:
        await end(lanesOf: membership)
        if error.isFencedInstance {
          if fence.mayJoinAgain() {
            logger.warning(
              "the group has another member of this name, perhaps this process itself before an answer was lost: joining again",
              ["group": group, "instance": instance ?? ""])
            return .again
          }
          throw StartError(
            "another process is a member of the group \(group) with the instance name \(instance ?? ""): give each process its own --instance"
          )
        }
        throw StartError("the consumer group \(group) refuses this member for good: \(error)")
      case .failed(let error)?:
        fence.troubled()
        var reason = error.text
        if error.isGroupDenied {
          reason = BrokerRights(TopicNames(namespace)).sentence(.join(group: group, pipeline: membership.key.pipeline))
          membership.assignment.trouble = reason
        } else if error.isUnauthenticated {
          membership.assignment.trouble = reason
        }
        if said != reason { logger.warning("the worker group", ["group": group, "reason": reason]) }
        said = reason
      case .committed?: isAnswered = true
      case nil: break
      }
      let interval = said.isEmpty ? WorkerGroups.commitInterval : WorkerGroups.troubledInterval
      if ContinuousClock.now - committed > interval {
        committed = .now
        if !said.isEmpty { errors.add() }
        let places = membership.assignment.places
        let offsets = subscribed.flatMap { topic, table in
          (places[table] ?? [:]).map { (topic: topic, partition: $0.key, offset: $0.value) }
        }
        if isMember, !offsets.isEmpty {
          await member.commit(offsets)
        } else if isMember, !said.isEmpty, let topic = subscribed.keys.first {
          isAnswered = await member.isAnswered(topic)
        }
      }
      if isAnswered, !said.isEmpty {
        membership.assignment.trouble = nil
        said = ""
        logger.info("the worker group goes on", ["group": group])
      }
    }
    return .over
  }

  /// `Chat[0,1] Users[2]`.
  static func text(_ lanes: [String: Set<Int>]) -> String {
    lanes.sorted { $0.key < $1.key }.map { table, numbers in
      "\(table)[\(numbers.sorted().map(String.init).joined(separator: ","))]"
    }
    .joined(separator: " ")
  }
}

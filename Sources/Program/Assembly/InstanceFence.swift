/// What a member with an instance name does when its group has another member of that name, as a value.
///
/// As a rule another process was given the name, and this one ends. But the other may be this process itself: a group that answers late takes a request to
/// join for one of a new member, of which this process never hears, and refuses the next one. So a member that had trouble with its group since it joined
/// joins again; where there is another process, one of the two is refused without any trouble and ends.
struct InstanceFence: Sendable {
  /// For so long trouble with the group explains the refusal.
  static let troubleMax = Duration.seconds(60)

  /// When there was trouble last, since this member joined.
  private var troubledAt: ContinuousClock.Instant?

  /// The group did not answer, or took this member for dead.
  mutating func troubled(at now: ContinuousClock.Instant) { troubledAt = now }

  /// Whether a member that is refused for its name joins again.
  mutating func mayJoinAgain(at now: ContinuousClock.Instant) -> Bool {
    defer { troubledAt = nil }
    return troubledAt.map { now - $0 <= InstanceFence.troubleMax } ?? false
  }
}

/// Rows for spans of activity: (key, `session_id`) with begin, end and what happened between. SQL columns: the key, `session_id`,
/// `started_at`, `last_at`, `ended_at` (null while active), `status`, `ended_by` (null while active), the columns, `_at`, `_order`,
/// `_position`.
///
/// Active through last touch + gap, that instant included. All spans are in microseconds. Inputs: the session's key, then the
/// others, to which `deadline`, `liveGroup`, `time` and the columns refer. A touch of which a key column is null is none.
package struct Sessions: Sendable {
  /// What makes a session begin and go on.
  package enum Subject: Sendable {
    /// Each touch of the sources belongs to the session of its key.
    case touches([Source])
    /// Each item of a source is a session from when it comes under the rule (and the source's `when`) until it leaves it, for another
    /// source's rule too; `touches` says which changes in between are touches as well.
    case item([Source], touches: [Touch])
  }

  /// A change of an item that touches its session. `when` is a condition over the change; nil is every such change.
  package struct Touch: Sendable {
    package let rule: RuleIndex
    package let event: Source.Event
    package let when: Condition?

    /// Each property by its name.
    package init(rule: RuleIndex, event: Source.Event, when: Condition?) {
      self.rule = rule
      self.event = event
      self.when = when
    }
  }

  package let subject: Subject
  /// How many inputs, from the first on, are the session's key.
  package let keyCount: Int
  package let gap: Int64?
  /// The longest that a session may last from its first touch.
  package let max: Int64?
  package let cut: Cut?
  /// Touch kind: changes that end the session of their key (`explicit`); their inputs are the key only.
  package let ends: [Source]
  /// Item kind: the session ends (`explicit`) when this turns true of its image.
  package let endWhen: Condition?
  /// Item kind: the input, a timestamp, at which the session expires; null is never.
  package let deadline: Int?
  /// Whether the deadline is the greatest that the input was in the session; otherwise what it is now.
  package let keepsGreatestDeadline: Bool
  /// Sessions that share these inputs supersede each other: the one that entered last is live, the other ends. Empty when none do.
  package let liveGroup: [Int]
  /// Whether the sessions of a live group may come from several partitions: the decider then folds them, in the order of the changes.
  package let isFoldedByDecider: Bool
  /// Item kind: whether a touch of an item whose session was superseded opens a new session.
  package let revivesOnTouch: Bool
  package let columns: [AggregateColumn]
  /// Whether the item of a session that expires is deleted, if it is still as seen. Item kind only.
  package let expiresItem: Bool
  /// Touch kind: when touches happened, where that is not their commit time.
  package let time: EventTime?
  /// Touch kind: for each source of touches a condition over the change; where it holds, the touch ends the session that is active (`cut`) and
  /// begins the next. Empty for none.
  package let splits: [Condition]

  /// Each property by its name.
  package init(
    subject: Subject, keyCount: Int, gap: Int64?, max: Int64?, cut: Cut?, ends: [Source], endWhen: Condition?, deadline: Int?,
    keepsGreatestDeadline: Bool = false, liveGroup: [Int], isFoldedByDecider: Bool, revivesOnTouch: Bool,
    columns: [AggregateColumn], expiresItem: Bool, time: EventTime? = nil, splits: [Condition] = []
  ) {
    self.subject = subject
    self.keyCount = keyCount
    self.gap = gap
    self.max = max
    self.cut = cut
    self.ends = ends
    self.endWhen = endWhen
    self.deadline = deadline
    self.keepsGreatestDeadline = keepsGreatestDeadline
    self.liveGroup = liveGroup
    self.isFoldedByDecider = isFoldedByDecider
    self.revivesOnTouch = revivesOnTouch
    self.columns = columns
    self.expiresItem = expiresItem
    self.time = time
    self.splits = splits
  }

  /// Sessions by a time that stands in the touches. They have a gap, a longest time or a cut, and no live group.
  ///
  /// An end has its time as its only input after the key, if it is of an image that says when it came; else its time is that of its commit.
  package struct EventTime: Sendable {
    /// The touches' input, a timestamp; a touch of which it is null counts for nothing.
    package let input: Int
    /// How long after its end a session may be corrected, by the commit times of touches.
    package let lateness: Int64
    /// By how much a touch's time may be later than its commit.
    package let ahead: Int64

    /// What `ahead` is unless the file says it: 5 minutes.
    package static let aheadDefault: Int64 = 300_000_000

    /// Each property by its name.
    package init(input: Int, lateness: Int64, ahead: Int64) {
      self.input = input
      self.lateness = lateness
      self.ahead = ahead
    }
  }

  /// Every session ends at this local time.
  package enum Cut: Sendable {
    case midnight(Zone)
  }

  package var sources: [Source] {
    switch subject {
    case .touches(let touches): touches + ends
    case .item(let sources, _): sources
    }
  }
}

/// How a session came to its end: the texts of `ended_by`.
package enum SessionEnd: String, Sendable, CaseIterable {
  case gap, max, explicit, removed, ttl, superseded, cut, deadline

  /// What `status` says of a session that ended so.
  package var status: SessionStatus {
    switch self {
    case .gap, .max, .ttl, .cut, .deadline: .expired
    case .explicit, .removed, .superseded: .ended
    }
  }
}

/// The texts of a session's `status`.
package enum SessionStatus: String, Sendable, CaseIterable {
  case active, ended, expired
}

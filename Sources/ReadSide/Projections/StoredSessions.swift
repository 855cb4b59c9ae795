package import DynamoModel
package import Pipelines

/// What a store holds of a projection's sessions in one lane, as it is handed over when the lane is taken.
package struct StoredSessions: Sendable {
  /// What is stored under a key.
  package struct Entry: Sendable {
    /// In ordered form.
    package let key: [UInt8]
    package let session: StoredSession
    /// As it was written: `SessionChanges.Active.due`, of a rest `SessionRest.due`.
    package let due: Instant?

    package init(key: [UInt8], session: StoredSession, due: Instant?) {
      self.key = key
      self.session = session
      self.due = due
    }
  }

  /// By key.
  package var entries: [Entry]
  /// Whether that is all. Otherwise there are too many to be handed over at once, and the fold asks for what it needs.
  package var isWhole: Bool

  package init(entries: [Entry] = [], isWhole: Bool = true) {
    self.entries = entries
    self.isWhole = isWhole
  }
}

/// What a fold must see of the sessions in the store before it goes on.
package struct SessionLookup: Sendable {
  /// In ordered form.
  package private(set) var keys: Set<BytesKey> = []
  /// Live groups, in ordered form: what is asked for is the session that is live there.
  package private(set) var groups: Set<BytesKey> = []
  /// What is due from an instant on and before another, the first `max` of it, and more where several are due at one instant; nil for nothing.
  package var due: Due?

  package struct Due: Sendable {
    package let from: Instant
    package let before: Instant
    package let max: Int

    package init(from: Instant, before: Instant, max: Int) {
      self.from = from
      self.before = before
      self.max = max
    }
  }

  package init() {}

  package var isEmpty: Bool { keys.isEmpty && groups.isEmpty && due == nil }

  package mutating func add(key: BytesKey) { keys.insert(key) }
  package mutating func add(group: BytesKey) { groups.insert(group) }
}

/// The answer to a `SessionLookup`.
package struct FoundSessions: Sendable {
  /// In any order; an entry may be in it twice. What was asked for and is not in it is not stored.
  package var entries: [StoredSessions.Entry]
  /// Everything that is stored as due from `Due.from` on and before this is in `entries`: where something was left out, the instant of the first that was; else
  /// that of the next one there is, or the distant future. Nil when nothing was asked for.
  package var dueThrough: Instant?

  package init(entries: [StoredSessions.Entry] = [], dueThrough: Instant? = nil) {
    self.entries = entries
    self.dueThrough = dueThrough
  }
}

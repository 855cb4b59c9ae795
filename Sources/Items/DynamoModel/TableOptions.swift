/// What clients set of a table or an index and read again, without its behaving otherwise for it: kept as named values, so
/// that later versions can add some.
package struct TableOptions: Sendable, Equatable {
  package var values: AttributeMap

  package init(values: AttributeMap = AttributeMap()) { self.values = values }

  private func text(_ name: String) -> String? {
    if case .string(let text)? = values[name] { text } else { nil }
  }

  private func integer(_ name: String) -> Int64? {
    if case .number(let number)? = values[name] { number.int64 } else { nil }
  }

  private mutating func set(_ name: String, _ text: String?) { values[name] = text.map { .string($0) } }
  private mutating func set(_ name: String, _ number: Int64?) { values[name] = number.map { .number(Number($0)) } }

  /// As it was asked for; STANDARD without.
  package var tableClass: String? {
    get { text("tableClass") }
    set { set("tableClass", newValue) }
  }

  /// When the class of a table was changed that was there before, in milliseconds since 1970.
  package var tableClassChangedAt: Int64? {
    get { integer("tableClassChangedAt") }
    set { set("tableClassChangedAt", newValue) }
  }

  /// The ARN of the KMS key that encryption was asked for with; nil for the owner's own. What is at rest is the disk's to encrypt.
  package var encryptionKey: String? {
    get { text("encryptionKey") }
    set { set("encryptionKey", newValue) }
  }

  /// The greatest numbers of request units that were asked for; -1 for none.
  package var onDemandReads: Int64? {
    get { integer("onDemandReads") }
    set { set("onDemandReads", newValue) }
  }

  /// As `onDemandReads`, of writes.
  package var onDemandWrites: Int64? {
    get { integer("onDemandWrites") }
    set { set("onDemandWrites", newValue) }
  }

  /// The units per second that were asked for to be taken at once.
  package var warmReads: Int64? {
    get { integer("warmReads") }
    set { set("warmReads", newValue) }
  }

  /// As `warmReads`, of writes.
  package var warmWrites: Int64? {
    get { integer("warmWrites") }
    set { set("warmWrites", newValue) }
  }

  /// When the table came to bill by request last, nil when it always did or never; in milliseconds since 1970, as the two after it.
  package var payPerRequestSince: Int64? {
    get { integer("payPerRequestSince") }
    set { set("payPerRequestSince", newValue) }
  }

  /// When the provisioned capacity was raised last.
  package var increasedAt: Int64? {
    get { integer("increasedAt") }
    set { set("increasedAt", newValue) }
  }

  /// When the provisioned capacity was lowered last.
  package var decreasedAt: Int64? {
    get { integer("decreasedAt") }
    set { set("decreasedAt", newValue) }
  }

  /// When point-in-time recovery was enabled, in milliseconds since 1970; nil while it is disabled.
  package var recoverableSince: Int64? {
    get { integer("recoverableSince") }
    set { set("recoverableSince", newValue) }
  }

  package var recoveryDays: Int64? {
    get { integer("recoveryDays") }
    set { set("recoveryDays", newValue) }
  }

  /// Of a restored table: where its items come from.
  package var restoredFrom: RestoreSource? {
    get {
      guard let table = text("restoredTable"), let time = integer("restoredTime") else { return nil }
      return RestoreSource(backup: text("restoredBackup"), table: table, time: time)
    }
    set {
      set("restoredBackup", newValue?.backup)
      set("restoredTable", newValue?.table)
      set("restoredTime", newValue?.time)
    }
  }

  /// Contributor insights as they were asked for last, `changedAt` in milliseconds since 1970.
  package typealias Insights = (isEnabled: Bool, mode: String, changedAt: Int64)

  /// Nil when they were never asked for.
  package var insights: Insights? {
    get {
      guard let mode = text("insights"), let changedAt = integer("insightsChangedAt") else { return nil }
      return (isEnabled: integer("insightsEnabled") == 1, mode: mode, changedAt: changedAt)
    }
    set {
      set("insights", newValue?.mode)
      set("insightsEnabled", newValue.map { $0.isEnabled ? 1 : 0 })
      set("insightsChangedAt", newValue?.changedAt)
    }
  }

  /// A resource policy and its revision. `resource` is empty for the table, `stream/label` for a stream.
  package func policy(_ resource: String) -> (text: String, revision: String)? {
    guard let policy = text("policy:\(resource)"), let revision = text("revision:\(resource)") else { return nil }
    return (policy, revision)
  }

  /// Keeps a resource's policy and its revision, or removes both when `policy` is nil. `resource` as in `policy(_:)`.
  package mutating func setPolicy(_ resource: String, _ policy: (text: String, revision: String)?) {
    set("policy:\(resource)", policy?.text)
    set("revision:\(resource)", policy?.revision)
  }
}

/// What a table was restored from: a table as it was at a time, and perhaps a backup of it.
package struct RestoreSource: Sendable, Equatable {
  /// The backup's ARN; nil for a restore to a point in time.
  package let backup: String?
  /// The source table's ARN.
  package let table: String
  /// Milliseconds since 1970.
  package let time: Int64

  package init(backup: String? = nil, table: String, time: Int64) {
    self.backup = backup
    self.table = table
    self.time = time
  }
}

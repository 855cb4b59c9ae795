/// What a transition sets off: carried out through the outbox.
package struct Effect: Sendable {
  /// The transition that sets the effect off.
  package enum Trigger: Sendable {
    case change(Source)
    /// A session of the projection has come to one of these ends.
    case session(projection: ProjectionID, ends: [SessionEnd])
    /// A board of the projection, which has windows, has closed.
    case boardClosed(projection: ProjectionID)
    /// A condition over a row of the projection, an aggregate, has turned true by a change.
    case conditionTurned(projection: ProjectionID, RowCondition)
  }

  /// What is done.
  package enum Action: Sendable {
    /// Delete the item that the trigger is about if it is still as it was seen; the removal carries the service's identity.
    case deleteItem
    /// Delete the items from which the rows come that exist at that instant.
    case deleteRows([RowSelection])
    /// Write an item, or send a message.
    case carryOut(ActionTemplate)
  }

  /// Rows of a collection, chosen by equal columns.
  package struct RowSelection: Sendable {
    /// Always a collection.
    package let projection: ProjectionID
    /// The collection's source table.
    package let table: TableIndex
    package let equals: [Equality]

    /// Each property by its name.
    package init(projection: ProjectionID, table: TableIndex, equals: [Equality]) {
      self.projection = projection
      self.table = table
      self.equals = equals
    }

    /// A column that has to equal a value of the trigger; both are of one type.
    package struct Equality: Sendable {
      /// Index of a column in the collection's SQL table.
      package let column: Int
      /// With a change as trigger an index of the source's inputs, with a session or an aggregate one of its SQL table's columns, with
      /// a board one of the board's columns.
      package let input: Int

      /// Each property by its name.
      package init(column: Int, input: Int) {
        self.column = column
        self.input = input
      }
    }
  }

  /// How often and how patiently an effect is tried.
  package struct Retry: Sendable, Equatable {
    /// Attempts before it is given up and becomes a dead letter.
    package var attempts: Int
    /// The wait before the second attempt; each further one waits twice as long, up to the most.
    package var firstWaitMilliseconds: Int
    package var waitMillisecondsMax: Int

    /// What a file may ask for: from a millisecond to a day.
    package static let waitMillisecondsRange = 1...86_400_000

    /// Each property by its name.
    package init(attempts: Int, firstWaitMilliseconds: Int, waitMillisecondsMax: Int) {
      self.attempts = attempts
      self.firstWaitMilliseconds = firstWaitMilliseconds
      self.waitMillisecondsMax = waitMillisecondsMax
    }

    package static let standard = Retry(attempts: 20, firstWaitMilliseconds: 200, waitMillisecondsMax: 60_000)
  }

  package let name: String
  package let about: String
  package let trigger: Trigger
  package let action: Action
  package let retry: Retry
  /// Values of the trigger by whose texts the effect is known in place of the transition itself; nil for the usual key.
  package let identity: [Int]?
  /// Values of the trigger of which equal ones go one after the other, in place of the target of the action; nil for that.
  package let sequence: [Int]?
  /// How many effects of one item, session or board are carried out in an hour; the rest is given up. Nil for deletions, which end by themselves.
  package let perHourMax: Int?

  /// Of what is written or sent, unless the file says another number: far more than anybody means for one item, and an end for what sets itself off.
  package static let perHourMaxUsual = 1_000
  package static let perHourMaxRange = 1...1_000_000

  /// Each property by its name.
  package init(
    name: String, about: String, trigger: Trigger, action: Action, retry: Retry, identity: [Int]? = nil, sequence: [Int]? = nil,
    perHourMax: Int? = nil
  ) {
    self.name = name
    self.about = about
    self.trigger = trigger
    self.action = action
    self.retry = retry
    self.identity = identity
    self.sequence = sequence
    self.perHourMax = perHourMax
  }
}

/// What a transition sets off in a table: carried out through the outbox.
package struct Effect: Sendable {
  /// The transition that sets the effect off.
  package enum Trigger: Sendable {
    case change(Source)
    /// A session of the projection has come to one of these ends.
    case session(projection: ProjectionID, ends: [SessionEnd])
    /// A board of the projection, which has windows, has closed.
    case boardClosed(projection: ProjectionID)
  }

  /// What is done to the table.
  package enum Action: Sendable {
    /// Delete the item that the trigger is about if it is still as it was seen; the removal carries the service's identity.
    case deleteItem
    /// Delete the items from which the rows come that exist at that instant.
    case deleteRows([RowSelection])
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
      /// With a change as trigger an index of the source's inputs, with a session one of its SQL table's columns, with a board one of
      /// the board's columns.
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

  /// Each property by its name.
  package init(name: String, about: String, trigger: Trigger, action: Action, retry: Retry) {
    self.name = name
    self.about = about
    self.trigger = trigger
    self.action = action
    self.retry = retry
  }
}

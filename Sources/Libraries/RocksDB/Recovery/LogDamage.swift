/// What is wrong with a log file of a database, so that opening it would lose changes that were acknowledged.
package struct LogDamage: Sendable, Equatable {
  /// The file's path.
  package let file: String
  /// The byte where the damage begins, or where the file ends too early.
  package let offset: Int
  package let reason: String
  /// The number of the last change before the damage, and of the last one known to have been written; equal when it is not known that
  /// any is lost. Items, index entries and records are changes of their own.
  package let lastKept: UInt64
  package let lastWritten: UInt64
}

/// How a connection is opened.
package struct ConnectionOptions: Sendable {
  /// What the connection may do to the file.
  package enum Access: Sendable {
    /// The file is created when it is missing.
    case create
    case readWrite
    /// Nothing can be written and no other file attached.
    case readOnly
  }

  /// What a commit waits for, as `PRAGMA synchronous` has it. In WAL mode `normal` loses the last commits on a power
  /// failure (never consistency), `full` loses nothing.
  package enum Synchronous: String, Sendable {
    case off = "OFF"
    case normal = "NORMAL"
    case full = "FULL"
  }

  package var access: Access
  package var synchronous: Synchronous
  /// How long a call waits for another connection's lock.
  package var busyTimeoutMilliseconds: Int32
  /// Page cache of the connection.
  package var cacheKiB: Int
  /// The WAL grows to about this many pages before a commit checkpoints it; 0 leaves that to calls of `checkpoint`.
  package var checkpointPages: Int

  /// Pages that do not equal their checksums are noted in `Connection.damage` and read as they are, in place of an error: for checks.
  package var notesDamage: Bool

  package init(
    access: Access = .create, synchronous: Synchronous = .full, busyTimeoutMilliseconds: Int32 = 5_000, cacheKiB: Int = 16_384,
    checkpointPages: Int = 4_000, notesDamage: Bool = false
  ) {
    self.access = access
    self.synchronous = synchronous
    self.busyTimeoutMilliseconds = busyTimeoutMilliseconds
    self.cacheKiB = cacheKiB
    self.checkpointPages = checkpointPages
    self.notesDamage = notesDamage
  }

  package static let readOnly = ConnectionOptions(access: .readOnly)
}

internal import Pipelines

/// The tables of a generation's file beside those of the projections. Names begin with an underscore, which no projection's may.
enum GenerationSchema {
  /// Of the layout below and of the states' bytes: a change makes older files unreadable, and new generations are built.
  static let version = 1

  static let statements = [
    "CREATE TABLE _meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    // Where each lane stands. Times in microseconds.
    """
    CREATE TABLE _lanes (table_name TEXT NOT NULL, partition INTEGER NOT NULL, table_id TEXT NOT NULL,
    sequence INTEGER NOT NULL, hint INTEGER NOT NULL, fired_through INTEGER NOT NULL, watermark INTEGER NOT NULL,
    fingerprint TEXT NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (table_name, partition)) STRICT, WITHOUT ROWID
    """,
    // The state of groups, and the counts of their values, by projection.
    """
    CREATE TABLE _groups (projection INTEGER NOT NULL, key BLOB NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (projection, key)) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE _values (projection INTEGER NOT NULL, key BLOB NOT NULL, column_number INTEGER NOT NULL, value_key BLOB NOT NULL,
    value BLOB NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (projection, key, column_number, value_key)) STRICT, WITHOUT ROWID
    """,
    // The state of active sessions.
    """
    CREATE TABLE _sessions (projection INTEGER NOT NULL, table_number INTEGER NOT NULL, partition INTEGER NOT NULL,
    key BLOB NOT NULL, state BLOB NOT NULL, PRIMARY KEY (projection, table_number, partition, key)) STRICT, WITHOUT ROWID
    """,
    "CREATE TABLE _boards (projection INTEGER NOT NULL, board BLOB NOT NULL, PRIMARY KEY (projection, board)) STRICT, WITHOUT ROWID",
    // Members of boards whose rows changed, for rank indexes that follow.
    "CREATE TABLE _journal (id INTEGER PRIMARY KEY AUTOINCREMENT, projection INTEGER NOT NULL, key BLOB NOT NULL) STRICT",
    """
    CREATE TABLE _dead_letters (projection TEXT NOT NULL, table_name TEXT NOT NULL, partition INTEGER NOT NULL,
    sequence INTEGER NOT NULL, at TEXT NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (projection, table_name, partition, sequence)) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE _outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, idempotency_key TEXT NOT NULL UNIQUE, effect TEXT NOT NULL,
    at INTEGER NOT NULL, action TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, not_before INTEGER NOT NULL,
    note TEXT NOT NULL) STRICT
    """,
    "CREATE INDEX _outbox_pending ON _outbox (state, id)",
  ]
}

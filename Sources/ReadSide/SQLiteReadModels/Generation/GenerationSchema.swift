internal import ReadModels

/// The tables of a generation's file beside those of the projections. Names begin with an underscore, which no projection's may.
enum GenerationSchema {
  /// Of the tables below and of the states' bytes: with another number new generations are built. Raise `oldestRead` where readers have changed, too.
  static let layout = GenerationLayout("afterimage SQLite layout 8", oldestRead: 8, lastUnnamed: 8)
  static var version: Int { layout.number }

  static let statements = [
    "CREATE TABLE _meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    // Where each lane stands. Times in microseconds.
    """
    CREATE TABLE _lanes (table_name TEXT NOT NULL, partition INTEGER NOT NULL, table_id TEXT NOT NULL,
    sequence INTEGER NOT NULL, hint INTEGER NOT NULL, fired_through INTEGER NOT NULL, watermark INTEGER NOT NULL,
    fingerprint TEXT NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (table_name, partition)) STRICT, WITHOUT ROWID
    """,
    // By projection: the time below which the decider has decided everything. The row of projection -1 holds the decider's epoch.
    "CREATE TABLE _decided (projection INTEGER PRIMARY KEY, time INTEGER NOT NULL) STRICT",
    // What lanes hand over to the decider, by the stamp of the change.
    """
    CREATE TABLE _steps (projection INTEGER NOT NULL, stamp BLOB NOT NULL, place INTEGER NOT NULL, step BLOB NOT NULL,
    PRIMARY KEY (projection, stamp, place)) STRICT, WITHOUT ROWID
    """,
    // The states of groups whose conditions the decider watches, as it has folded them.
    """
    CREATE TABLE _watched (projection INTEGER NOT NULL, key BLOB NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (projection, key)) STRICT, WITHOUT ROWID
    """,
    // The state of groups that have no row with a column for it: emptied ones, those of boards that are not shown, and of boards that keep their
    // best members only. By projection. Set are `empty_at` (microseconds of the last change) while a group has no contributions, and `rank`
    // (board, then place on it) of the members of boards that keep their best members only.
    """
    CREATE TABLE _groups (projection INTEGER NOT NULL, key BLOB NOT NULL, state BLOB NOT NULL, empty_at INTEGER, rank BLOB,
    PRIMARY KEY (projection, key)) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX _groups_empty ON _groups (projection, empty_at) WHERE empty_at IS NOT NULL",
    "CREATE INDEX _groups_rank ON _groups (projection, rank) WHERE rank IS NOT NULL",
    // How many contributions there are of each value, and what is kept with it: of groups whose state does not hold them.
    """
    CREATE TABLE _values (projection INTEGER NOT NULL, key BLOB NOT NULL, column_number INTEGER NOT NULL, value_key BLOB NOT NULL,
    kept BLOB NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (projection, key, column_number, value_key)) STRICT, WITHOUT ROWID
    """,
    // Active sessions, and what is left of others. Those of the decider have table_number and partition -1. `due` (microseconds) is an instant
    // before which nothing happens to it by itself, `live` the group in which it is live: by them those are found that are not in memory.
    """
    CREATE TABLE _sessions (projection INTEGER NOT NULL, table_number INTEGER NOT NULL, partition INTEGER NOT NULL,
    key BLOB NOT NULL, state BLOB NOT NULL, due INTEGER, live BLOB,
    PRIMARY KEY (projection, table_number, partition, key)) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX _sessions_due ON _sessions (projection, table_number, partition, due) WHERE due IS NOT NULL",
    "CREATE INDEX _sessions_live ON _sessions (projection, table_number, partition, live) WHERE live IS NOT NULL",
    // Boards: `latest` orders them by time, `members` counts those with a score. Boards that `keep` leaves out are not shown: they have
    // their members' states and no rows.
    """
    CREATE TABLE _boards (projection INTEGER NOT NULL, board BLOB NOT NULL, latest BLOB NOT NULL, opened_at INTEGER NOT NULL,
    closes_at INTEGER, closed_at INTEGER, members INTEGER NOT NULL, is_shown INTEGER NOT NULL,
    PRIMARY KEY (projection, board)) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX _boards_latest ON _boards (projection, latest, board)",
    "CREATE INDEX _boards_open ON _boards (projection, closes_at) WHERE closed_at IS NULL AND closes_at IS NOT NULL",
    // Of the rows of each projection that a lane, or the decider (-1, -1), has written less those it has taken away: how many, and the sum
    // of their hashes in 128 bits. Together they are those of the rows.
    """
    CREATE TABLE _digests (projection INTEGER NOT NULL, table_number INTEGER NOT NULL, partition INTEGER NOT NULL,
    rows INTEGER NOT NULL, sum BLOB NOT NULL, PRIMARY KEY (projection, table_number, partition)) STRICT, WITHOUT ROWID
    """,
    // Members of boards whose rows changed, for rank indexes that follow. A row holds the entries `first` to `id`: keys with their lengths.
    """
    CREATE TABLE _journal (id INTEGER PRIMARY KEY AUTOINCREMENT, first INTEGER NOT NULL, projection INTEGER NOT NULL,
    keys BLOB NOT NULL) STRICT
    """,
    // `subject` is the record's stamp, or the group, or the session and its column, that cannot be taken or shown; `sample` decides which are
    // kept when there are too many.
    """
    CREATE TABLE _dead_letters (projection TEXT NOT NULL, kind TEXT NOT NULL, subject BLOB NOT NULL, table_name TEXT NOT NULL,
    partition INTEGER NOT NULL, sequence INTEGER NOT NULL, at TEXT NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL,
    sample INTEGER NOT NULL, PRIMARY KEY (projection, kind, subject)) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX _dead_letters_sample ON _dead_letters (projection, kind, sample)",
    // Of dead letters of records, by projection: how many there were, and how many are kept.
    """
    CREATE TABLE _dead_letter_counts (projection TEXT PRIMARY KEY, total INTEGER NOT NULL, kept INTEGER NOT NULL)
    STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE _outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, idempotency_key TEXT NOT NULL UNIQUE, effect TEXT NOT NULL,
    at INTEGER NOT NULL, change_order INTEGER NOT NULL, action TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
    not_before INTEGER NOT NULL, note TEXT NOT NULL, table_number INTEGER NOT NULL, partition INTEGER NOT NULL, sequence INTEGER,
    fired_at INTEGER, is_handed_over INTEGER NOT NULL, target TEXT NOT NULL) STRICT
    """,
    "CREATE INDEX _outbox_state ON _outbox (state, effect, id)",
    "CREATE INDEX _outbox_target ON _outbox (target, id)",
    // Numbers of the generation: `suppressed_effects` are older than their activation.
    "CREATE TABLE _counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  ]
}

internal import Pipelines
internal import ReadModels

/// The tables of a generation's schema beside those of the projections. Names begin with an underscore, which no projection's may.
///
/// What is looked up by keys while lanes commit has no index on what changes at every checkpoint, so that its rows are changed in place.
enum PostgresSchema {
  /// Of the tables below and of the states' bytes: with another number new generations are built. Raise `oldestRead` where readers have changed, too.
  static let layout = GenerationLayout("afterimage PostgreSQL layout 3", oldestRead: 3, lastUnnamed: 3)
  static var version: Int { layout.number }

  /// Few rows that change all the time.
  private static let few = "WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200)"
  private static let hot = TableForm.hot

  static func statements(_ pipeline: Pipeline) -> [String] {
    let keeping = pipeline.projections.ids.filter { id in
      if case .leaderboard(let board) = pipeline.projections[id].kind { board.keepBoards != nil } else { false }
    }
    return shared
      + keeping.flatMap { id in
        [
          "INSERT INTO _keeps (projection) VALUES (\(id))",
          // Which boards are the latest is asked at each checkpoint of such a leaderboard only.
          "CREATE INDEX _boards_latest_\(id) ON _boards (latest) WHERE projection = \(id) AND members > 0",
          "CREATE INDEX _boards_shown_\(id) ON _boards (id) WHERE projection = \(id) AND is_shown",
        ]
      }
  }

  private static let shared = [
    "CREATE TABLE _meta (key text PRIMARY KEY, value text NOT NULL)",
    // Where each lane stands. Times in microseconds since 1970.
    """
    CREATE TABLE _lanes (table_name text COLLATE "C" NOT NULL, partition bigint NOT NULL, table_id text NOT NULL,
    sequence bigint NOT NULL, hint bigint NOT NULL, fired_through bigint NOT NULL, watermark bigint NOT NULL,
    fingerprint text NOT NULL, epoch bigint NOT NULL, PRIMARY KEY (table_name, partition)) \(few)
    """,
    // By projection: the time below which the decider has decided everything. The row of projection -1 holds the decider's epoch.
    "CREATE TABLE _decided (projection bigint PRIMARY KEY, time bigint NOT NULL) \(few)",
    // What lanes hand over to the decider, by the stamp of the change.
    """
    CREATE TABLE _steps (projection bigint NOT NULL, stamp bytea NOT NULL, place bigint NOT NULL, step bytea NOT NULL,
    PRIMARY KEY (projection, stamp, place)) \(hot)
    """,
    // The states of groups whose conditions the decider watches, as it has folded them, by the group's bounded key.
    """
    CREATE TABLE _watched (projection bigint NOT NULL, id bytea NOT NULL, state bytea NOT NULL, PRIMARY KEY (projection, id)) \(hot)
    """,
    // The leaderboards that keep their latest boards only: whoever changes one of them locks its row, because boards come and go together.
    "CREATE TABLE _keeps (projection bigint PRIMARY KEY)",
    // The state of every group, which its row is derived from, and what is locked to change it; of a member of a board with the board's `id`. `empty_at`
    // (microseconds of the last change) is set while a group has no contributions, `rank` (the place on the board) of the members of boards that keep
    // their best members only. Of keys here and below `id` is the bounded form, and the key beside it null where it is that.
    """
    CREATE TABLE _groups (projection bigint NOT NULL, board_id bytea NOT NULL, id bytea NOT NULL, key bytea, state bytea NOT NULL,
    empty_at bigint, rank bytea, PRIMARY KEY (projection, board_id, id)) \(hot)
    """,
    "CREATE INDEX _groups_empty ON _groups (projection, empty_at) WHERE empty_at IS NOT NULL",
    "CREATE INDEX _groups_rank ON _groups (projection, board_id, rank) WHERE rank IS NOT NULL",
    // How many contributions there are of each value, and what is kept with it: of groups whose state does not hold them.
    """
    CREATE TABLE _values (projection bigint NOT NULL, id bytea NOT NULL, column_number bigint NOT NULL, value_id bytea NOT NULL,
    value_key bytea NOT NULL, kept bytea NOT NULL, count bigint NOT NULL) \(hot)
    """,
    // In the order of the values as far as an index goes, then by a hash of those that are longer.
    "CREATE UNIQUE INDEX _values_key ON _values (projection, id, column_number, \(ValueKey.indexed("value_key")), value_id)",
    // Active sessions, and what is left of others. Those of the decider have table_number and partition -1. `due` (microseconds) is an instant
    // before which nothing happens to it by itself, `live_id` the group in which it is live: by them those are found that are not in memory.
    """
    CREATE TABLE _sessions (projection bigint NOT NULL, table_number bigint NOT NULL, partition bigint NOT NULL,
    id bytea NOT NULL, key bytea, state bytea NOT NULL, due bigint, live_id bytea,
    PRIMARY KEY (projection, table_number, partition, id)) \(hot)
    """,
    "CREATE INDEX _sessions_due ON _sessions (projection, table_number, partition, due) WHERE due IS NOT NULL",
    "CREATE INDEX _sessions_live ON _sessions (projection, table_number, partition, live_id) WHERE live_id IS NOT NULL",
    // Boards: `latest` orders them by time, `period` is the start of the calendar period that it begins with (empty without one), `members` counts
    // those with a score. Boards that `keep` leaves out are not shown: they have their members' states and no rows.
    """
    CREATE TABLE _boards (projection bigint NOT NULL, id bytea NOT NULL, board bytea, latest bytea NOT NULL, period bytea NOT NULL,
    opened_at bigint NOT NULL, closes_at bigint, closed_at bigint, members bigint NOT NULL, is_shown boolean NOT NULL,
    PRIMARY KEY (projection, id)) \(hot)
    """,
    "CREATE INDEX _boards_period ON _boards (projection, period)",
    "CREATE INDEX _boards_open ON _boards (projection, closes_at) WHERE closed_at IS NULL AND closes_at IS NOT NULL",
    // Of the rows of each projection that a lane, or the decider (-1, -1), has written less those it has taken away: how many, and the sum
    // of their hashes in 128 bits. Together they are those of the rows.
    """
    CREATE TABLE _digests (projection bigint NOT NULL, table_number bigint NOT NULL, partition bigint NOT NULL,
    rows bigint NOT NULL, sum bytea NOT NULL, PRIMARY KEY (projection, table_number, partition)) \(few)
    """,
    // Members of boards whose rows changed, for rank indexes that follow. Each lane, and the decider, numbers its own entries without gaps: `_journals` has
    // the last number. A row holds the entries `first` to `number`: keys with their lengths.
    """
    CREATE TABLE _journals (table_number bigint NOT NULL, partition bigint NOT NULL, last bigint NOT NULL,
    PRIMARY KEY (table_number, partition)) \(few)
    """,
    """
    CREATE TABLE _journal (table_number bigint NOT NULL, partition bigint NOT NULL, number bigint NOT NULL, first bigint NOT NULL,
    projection bigint NOT NULL, keys bytea NOT NULL, PRIMARY KEY (table_number, partition, number))
    """,
    // `subject` is the record's stamp, or the group, or the session and its column, that cannot be taken or shown; `sample` decides which are
    // kept when there are too many.
    """
    CREATE TABLE _dead_letters (projection text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, subject_id bytea NOT NULL,
    subject bytea NOT NULL, table_name text COLLATE "C" NOT NULL, partition bigint NOT NULL, sequence bigint NOT NULL, at timestamptz NOT NULL,
    path text NOT NULL, reason text NOT NULL, sample bigint NOT NULL, PRIMARY KEY (projection, kind, subject_id)) \(hot)
    """,
    "CREATE INDEX _dead_letters_sample ON _dead_letters (projection, kind, sample)",
    // Of dead letters of records, by projection: how many there were, and how many are kept.
    """
    CREATE TABLE _dead_letter_counts (projection text COLLATE "C" PRIMARY KEY, total bigint NOT NULL, kept bigint NOT NULL) \(few)
    """,
    """
    CREATE TABLE _outbox (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, key_id bytea NOT NULL UNIQUE, idempotency_key text NOT NULL,
    effect text COLLATE "C" NOT NULL, at bigint NOT NULL, change_order bigint NOT NULL, action text NOT NULL,
    state text COLLATE "C" NOT NULL, attempts bigint NOT NULL, not_before bigint NOT NULL, note text NOT NULL,
    table_number bigint NOT NULL, partition bigint NOT NULL, sequence bigint, fired_at bigint, is_handed_over boolean NOT NULL,
    target text COLLATE "C" NOT NULL, claimed_by text, claimed_until timestamptz) \(hot)
    """,
    "CREATE INDEX _outbox_state ON _outbox (state, effect, id)",
    // Targets may be longer than an index takes.
    "CREATE INDEX _outbox_target ON _outbox (md5(target), id)",
    // Numbers of the generation: `suppressed_effects` are older than their activation.
    "CREATE TABLE _counters (name text PRIMARY KEY, value bigint NOT NULL) \(few)",
  ]
}

import ChangeLog
import ChangeRecords
import DynamoModel
import Foundation
import LiteralTestKit
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import ReadModels
import RecordLiteralTestKit
import Testing

/// The views of the current generation, for people.
@Suite(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped))) struct ViewTests {
  private static let lane = LaneID(table: 0, partition: 0)

  /// A pipeline with collections of these columns.
  private static func text(_ collections: [(name: String, columns: String)]) -> String {
    """
    pipeline: seen
    tables: { Tab: { key: { partition: PK string } } }
    items: { play: { in: Tab, match: { PK: "{name}" }, fields: { points: Points integer, room: Room } } }
    projections:
    \(collections.map { "  \($0.name): { collection: play, key: [name], columns: [\($0.columns)] }" }.joined(separator: "\n"))

    """
  }

  private struct Scene {
    let own: OwnSchema
    let store: any PipelineStore
    let views: String

    init(_ text: String, namespace: String? = nil) throws {
      own = try OwnSchema(text, namespace: namespace)
      store = try own.database.stores.pipeline("p")
      views = own.database.viewSchema("p")
    }

    /// Builds another definition, with a row, and makes it current.
    func swap(_ text: String, name: String) throws {
      let generation = try build(text, name: name)
      try store.makeCurrent(generation)
    }

    func build(_ text: String, name: String) throws -> Generation {
      let pipeline = try ProjectionTestKit.pipeline(text)
      let generation = try store.generation(for: pipeline.fingerprint, definition: text)
      try fill(LaneHand(try PostgresGeneration(own.database, generation, pipeline: pipeline)), name)
      return generation
    }

    func fill(_ hand: LaneHand, _ name: String) throws {
      var history = TestHistory(hand.store.pipeline)
      history.put(["PK": .string(name), "Points": .number(Number(1)), "Room": .string("r")])
      try hand.checkpoint(ViewTests.lane, history)
      hand.store.close()
    }

    func connection(_ user: String? = nil) throws -> PostgresConnection {
      var settings = own.settings
      if let user {
        settings.conninfo = settings.conninfo.replacingOccurrences(of: "user=\(PostgresCluster.user)", with: "user=\(user)")
      }
      let connection = try PostgresConnection(settings)
      try connection.execute("SET search_path = \(PostgresConnection.identifier(views))")
      return connection
    }

    func rows(_ sql: String, _ connection: PostgresConnection? = nil) throws -> [String] {
      let rows = try (connection ?? self.connection()).run([PostgresQuery(sql)])[0]
      return (0..<rows.count).map { row in (0..<rows.columnCount).map { rows.text(row, $0) ?? "null" }.joined(separator: " ") }
    }

    func columns(_ view: String) throws -> String {
      try rows(
        """
        SELECT column_name::text FROM information_schema.columns WHERE table_schema = '\(views)' AND table_name = '\(view)'
        ORDER BY ordinal_position
        """
      ).joined(separator: " ")
    }
  }

  @Test func `they show the current generation, whose columns may be others`() throws {
    let scene = try Scene(Self.text([("plays", "points"), ("rooms", "room")]))
    try scene.fill(try scene.own.worker(), "first")
    #expect(try scene.rows("SELECT name, points::text FROM plays") == ["first 1"])
    #expect(try scene.columns("plays") == "name points _item _at _order _position")
    // One that is being built is not seen.
    let next = try scene.build(Self.text([("plays", "room, points"), ("others", "points")]), name: "second")
    #expect(try scene.rows("SELECT name FROM plays") == ["first"] && scene.columns("others") == "")
    try scene.store.makeCurrent(next)
    #expect(try scene.rows("SELECT name, room FROM plays") == ["second r"] && scene.rows("SELECT name FROM others") == ["second"])
    #expect(try scene.columns("plays") == "name room points _item _at _order _position" && scene.columns("rooms") == "")
  }

  @Test func `a swap waits for a slow reader, and others do not wait behind it`() throws {
    let text = Self.text([("plays", "points")])
    let scene = try Scene(text)
    try scene.fill(try scene.own.worker(), "first")
    let next = try scene.build(Self.text([("plays", "points"), ("more", "room")]), name: "second")
    let slow = try scene.connection()
    try slow.begin()
    #expect(try scene.rows("SELECT name FROM plays", slow) == ["first"])
    nonisolated(unsafe) let store = scene.store
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var failure: (any Error)?
    Thread.detachNewThread {
      do { try store.makeCurrent(next) } catch { failure = error }
      done.signal()
    }
    let other = try scene.connection()
    var longest = Duration.zero
    for _ in 0..<40 {
      let start = ContinuousClock.now
      #expect(try scene.rows("SELECT name FROM plays", other) == ["first"])
      longest = max(longest, ContinuousClock.now - start)
      usleep(10_000)
    }
    #expect(longest < .seconds(1), "\(longest)")
    #expect(try scene.rows("SELECT name FROM plays", slow) == ["first"])
    slow.rollback()
    #expect(done.wait(timeout: .now() + 60) == .success)
    #expect(failure == nil, "\(failure as Any)")
    #expect(try scene.rows("SELECT name FROM plays", other) == ["second"])
  }

  @Test func `what somebody has built on a view stays, or is named where it cannot`() throws {
    let scene = try Scene(Self.text([("plays", "points")]))
    try scene.fill(try scene.own.worker(), "first")
    let mine = "mine\(UInt32.random(in: 0 ... .max))"
    try scene.connection().execute("CREATE VIEW public.\(mine) AS SELECT name, points FROM plays")
    // Another projection, and the same columns.
    try scene.swap(Self.text([("plays", "points"), ("more", "room")]), name: "second")
    #expect(try scene.rows("SELECT name FROM public.\(mine)") == ["second"])
    let next = try scene.build(Self.text([("plays", "room")]), name: "third")
    let error = #expect(throws: ReadModelError.self) { try scene.store.makeCurrent(next) }
    #expect("\(error as Any)".contains(mine), "\(error as Any)")
    #expect(try scene.rows("SELECT name FROM public.\(mine)") == ["second"] && scene.store.current()?.number == 2)
    try scene.connection().execute("DROP VIEW public.\(mine)")
    try scene.store.makeCurrent(next)
    #expect(try scene.rows("SELECT name, room FROM plays") == ["third r"])
  }

  @Test func `schemas of generations that are forgotten go, but for those that somebody has built on`() throws {
    let scene = try Scene(Self.text([("plays", "points")]))
    try scene.fill(try scene.own.worker(), "first")
    func schemas() throws -> [String] {
      try scene.rows(
        "SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname, '\(scene.own.database.namespace.name).p.') ORDER BY 1"
      ).map { String($0.split(separator: ".").last ?? "") }
    }
    let mine = "mine\(UInt32.random(in: 0 ... .max))"
    let first = PostgresConnection.identifier(scene.own.database.schema(of: scene.own.generation))
    try scene.connection().execute("CREATE VIEW public.\(mine) AS SELECT name FROM \(first).plays")
    for number in 2...5 {
      try scene.swap(Self.text([("plays", "points"), ("p\(number)", "room")]), name: "\(number)")
    }
    // The current one, two that are kept, and the one that is built on.
    #expect(try schemas() == ["1", "3", "4", "5"])
    #expect(try scene.rows("SELECT name FROM public.\(mine)") == ["first"])
    try scene.connection().execute("DROP VIEW public.\(mine)")
    try scene.swap(Self.text([("plays", "room")]), name: "last")
    #expect(try schemas() == ["4", "5", "6"])
  }

  @Test func `the reader role reads the views and nothing else`() throws {
    let cluster = try PostgresCluster.shared()
    let namespace = "n\(UInt32.random(in: 0 ... .max))"
    let reader = "\(namespace)_reader"
    try PostgresConnection(cluster.settings()).execute("CREATE ROLE \(reader) LOGIN")
    let scene = try Scene(Self.text([("plays", "points")]), namespace: namespace)
    try scene.fill(try scene.own.worker(), "first")
    let connection = try scene.connection(reader)
    func isDenied(_ sql: String) -> Bool {
      do {
        try connection.execute(sql)
        return false
      } catch {
        return error.isDenied
      }
    }
    #expect(try scene.rows("SELECT name FROM plays", connection) == ["first"])
    let generation = PostgresConnection.identifier(scene.own.database.schema(of: scene.own.generation))
    #expect(isDenied("SELECT name FROM \(generation).plays") && isDenied("INSERT INTO plays (name) VALUES ('x')"))
    #expect(isDenied("CREATE TABLE mine (n bigint)"))
    // Views that are made again, too.
    try scene.swap(Self.text([("plays", "room")]), name: "second")
    #expect(try scene.rows("SELECT name FROM plays", connection) == ["second"])
  }

  @Test func `what somebody has granted on a view outlives a swap that makes it again`() throws {
    let scene = try Scene(Self.text([("plays", "points, room"), ("rooms", "room")]))
    try scene.fill(try scene.own.worker(), "first")
    let (owner, views) = (try scene.connection(), PostgresConnection.identifier(scene.views))
    let roles = ["all", "some", "chain"].map { "\($0)\(UInt32.random(in: 0 ... .max))" }
    for role in roles { try owner.execute("CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA \(views) TO \(role)") }
    try owner.execute(
      """
      GRANT SELECT ON plays, rooms TO \(roles[0]) WITH GRANT OPTION; GRANT SELECT (name, points, room) ON plays TO \(roles[1]);
      GRANT TRIGGER ON rooms TO PUBLIC
      """)
    try scene.connection(roles[0]).execute("GRANT SELECT ON plays TO \(roles[2])")
    // The one has fewer columns, the other is replaced where it stands.
    try scene.swap(Self.text([("plays", "points"), ("rooms", "room")]), name: "second")
    let readers = try roles.map { try scene.connection($0) }
    for reader in [readers[0], readers[2]] { #expect(try scene.rows("SELECT * FROM plays", reader).count == 1) }
    #expect(try scene.rows("SELECT name, points::text FROM plays", readers[1]) == ["second 1"])
    let denied = #expect(throws: PostgresError.self) { try scene.rows("SELECT * FROM plays", readers[1]) }
    #expect(denied?.isDenied == true, "\(denied as Any)")
    try readers[0].execute("GRANT SELECT ON plays TO \(roles[1])")
    // Both are made again, as what they were to each role; no more is granted than was.
    try scene.swap(Self.text([("plays", "room"), ("rooms", "points")]), name: "third")
    for reader in readers { #expect(try scene.rows("SELECT name, room FROM plays", reader) == ["third r"]) }
    #expect(try scene.rows("SELECT name FROM rooms", readers[0]) == ["third"])
    #expect(throws: PostgresError.self) { try scene.rows("SELECT name FROM rooms", readers[1]) }
    #expect(try scene.rows("SELECT has_table_privilege('\(roles[1])', 'rooms', 'TRIGGER')::text") == ["true"])
    #expect(try scene.rows("SELECT has_table_privilege('\(roles[1])', 'plays', 'TRIGGER')::text") == ["false"])
  }

  @Test func `JSON is shown as jsonb, and a text that it does not take as a string`() throws {
    let namespace = "n\(UInt32.random(in: 0 ... .max))"
    let reader = "\(namespace)_reader"
    try PostgresConnection(PostgresCluster.shared().settings()).execute("CREATE ROLE \(reader) LOGIN")
    let text = """
      pipeline: seen
      tables: { Tab: { key: { partition: PK string } } }
      items: { play: { in: Tab, match: { PK: "{name}" }, fields: { doc: "json(Doc) optional" } } }
      projections: { plays: { collection: play, key: [name], columns: [doc] } }

      """
    let scene = try Scene(text, namespace: namespace)
    let worker = try scene.own.worker()
    var history = TestHistory(worker.store.pipeline)
    let documents = [
      #"{"b": 1.50, "a": [true]}"#, #""\ud83d\ude00""#, #"["\ud800"]"#, "[1e200000]", nil,
    ]
    for (number, document) in documents.enumerated() {
      var item: Item = ["PK": .string("play-\(number)")]
      if let document { item["Doc"] = .string(document) }
      history.put(item)
    }
    try worker.checkpoint(Self.lane, history)
    worker.store.close()
    let connection = try scene.connection(reader)
    #expect(try scene.rows("SELECT pg_typeof(doc)::text FROM plays LIMIT 1", connection) == ["jsonb"])
    let shown = try scene.rows("SELECT doc::text FROM plays ORDER BY name", connection)
    #expect(
      shown == [
        #"{"a": [true], "b": 1.50}"#, "\"\u{1F600}\"", #""[\"\\ud800\"]""#, #""[1e200000]""#, "null",
      ])
    #expect(try scene.rows(#"SELECT name FROM plays WHERE doc @> '{"b": 1.5}'"#, connection) == ["play-0"])
    // The generation's own table gives them back as they came.
    let table = PostgresConnection.identifier(scene.own.database.schema(of: scene.own.generation))
    #expect(try scene.rows("SELECT doc::text FROM \(table).plays ORDER BY name LIMIT 1") == [documents[0]!])
  }

  @Test func `a schema of somebody else is left alone`() throws {
    let namespace = "n\(UInt32.random(in: 0 ... .max))"
    let settings = try PostgresCluster.shared().settings()
    let taken = PostgresDatabase(settings, namespace: try Namespace(namespace)).viewSchema("p")
    try PostgresConnection(settings).execute("CREATE SCHEMA \(PostgresConnection.identifier(taken))")
    let own = try OwnSchema(Self.text([("plays", "points")]), namespace: namespace)
    let error = #expect(throws: ReadModelError.self) { _ = try own.worker() }
    #expect("\(error as Any)".contains("\(taken) of PostgreSQL: it is somebody else's"), "\(error as Any)")
  }
}

import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import RecordLiteralTestKit
import Testing

@testable import QueryAPI

/// An answer says how far the tables have been read that can change it, and of no others.
@Suite struct AnswerPositionsTests {
  /// Three tables: of shops, of sales in them, and of staff.
  private static let yaml = """
    pipeline: scene
    tables:
      Shops: { key: { partition: PK string } }
      Sales: { key: { partition: PK string, sort: SK string } }
      Staff: { key: { partition: PK string } }
    items:
      shop: { in: Shops, match: { PK: "{shop}" }, fields: { town: Town optional } }
      sale: { in: Sales, match: { PK: "{shop}", SK: "{n}" } }
      person: { in: Staff, match: { PK: "{person}" } }
    projections:
      shops: { collection: shop, key: [shop], columns: [town] }
      shown: { leaderboard: shop, of: sale, score: count, show: { from: shops, columns: [town] } }
      plain: { leaderboard: shop, of: sale, score: count }
      open: { sessions: shop, touch: sale inserted, gap: 1m }
      staff: { leaderboard: person, of: person, score: count }
    dashboard:
      - leaderboard: { title: Sells most, of: shown, board: latest, top: 2 }

    """

  private static let (shops, sales, staff): (TableIndex, TableIndex, TableIndex) = (0, 1, 2)

  private func scene() throws -> Scene {
    let scene = try Scene(Self.yaml)
    try scene.write { history in
      history.put(["PK": .string("a"), "Town": .string("Lund")], table: Self.shops)
      history.time += 1000
      history.put(["PK": .string("a"), "SK": .string("1")], table: Self.sales)
      history.put(["PK": .string("a"), "SK": .string("2")], table: Self.sales)
      history.time += 1000
      history.put(["PK": .string("ana")], table: Self.staff)
    }
    return scene
  }

  private func position(_ table: TableIndex, _ sequence: SequenceNumber) -> Position {
    Position(tableID: TestHistory.tableID(table), partition: 0, sequence: sequence)
  }

  /// The member `position` of an answer as it should be.
  private func positions(_ tables: (name: String, position: Position)...) -> String {
    "{" + tables.map { #""\#($0.name)":["\#($0.position)"]"# }.joined(separator: ",") + "}"
  }

  @Test func `a board has the positions of the tables that feed it, and of those that it shows`() async throws {
    let view = try scene().view
    let (shops, sales) = (position(Self.shops, 1), position(Self.sales, 2))
    let plain = try await view.leaderboard("plain", board: nil, .count, atLeast: [])
    #expect(try member("position", of: plain) == positions(("Sales", sales)))
    let shown = try await view.leaderboard("shown", board: nil, .count, atLeast: [])
    #expect(try member("position", of: shown) == positions(("Sales", sales), ("Shops", shops)))
    let staff = try await view.leaderboard("staff", board: nil, .count, atLeast: [])
    #expect(try member("position", of: staff) == positions(("Staff", position(Self.staff, 1))))
    let sessions = try await view.sessions("open", key: [], limit: 10, atLeast: [])
    #expect(try member("position", of: sessions) == positions(("Sales", sales)))
  }

  @Test func `the page has those of its tiles, dead letters those of all`() async throws {
    let view = try scene().view
    let (shops, sales, staff) = (position(Self.shops, 1), position(Self.sales, 2), position(Self.staff, 1))
    #expect(try await member("position", of: view.dashboard()) == positions(("Sales", sales), ("Shops", shops)))
    #expect(
      try await member("position", of: view.deadLetters(limit: 1))
        == positions(("Sales", sales), ("Shops", shops), ("Staff", staff)))
  }

  @Test func `the time is the least of the tables that are read`() async throws {
    let scene = try scene()
    // From here on only the lane of the staff goes on.
    try scene.write(only: Self.staff) { $0.time += 60_000 }
    let staff = try await scene.view.leaderboard("staff", board: nil, .count, atLeast: [])
    #expect(try member("time", of: staff) == #""2026-01-01T00:01:02.000000Z""#)
    let plain = try await scene.view.leaderboard("plain", board: nil, .count, atLeast: [])
    #expect(try member("time", of: plain) == #""2026-01-01T00:00:02.000000Z""#)
  }

  @Test(.timeLimit(.minutes(2))) func `a reader waits for positions of what it reads, and for no others`() async throws {
    let scene = try scene()
    let view = scene.view
    // The record is not there yet, and cannot change the answer when it comes.
    let unread = try await view.leaderboard("plain", board: nil, .count, atLeast: [position(Self.staff, 99)])
    #expect(try member("position", of: unread) == positions(("Sales", position(Self.sales, 2))))
    async let later = view.leaderboard("plain", board: nil, .count, atLeast: [position(Self.staff, 99), position(Self.sales, 3)])
    try scene.write { $0.put(["PK": .string("b"), "SK": .string("1")], table: Self.sales) }
    let answer = try await later
    #expect(try member("count", of: answer) == "2" && member("position", of: answer).contains(":0:3"))
    // What feeds only what is shown counts as well.
    async let shown = view.leaderboard("shown", board: nil, .top(offset: 0, limit: 9), atLeast: [position(Self.shops, 2)])
    try scene.write { $0.put(["PK": .string("b"), "Town": .string("Ystad")], table: Self.shops) }
    #expect(try await member("members", of: shown).contains("Ystad"))
    // A table of another life is none of the pipeline's, and a wait for it ends with an error.
    do {
      let other = Position(tableID: TableID(rawValue: 0xFF), partition: 0, sequence: 1)
      _ = try await view.leaderboard("plain", board: nil, .count, atLeast: [other])
      Issue.record("it was answered")
    } catch let error as QueryError {
      #expect(error.code == .notYet)
    }
  }

  @Test func `what does not exist is refused before any wait`() async throws {
    let view = try scene().view
    // A wait would end with another error.
    let error = await #expect(throws: QueryError.self) {
      try await view.leaderboard("plane", board: nil, .count, atLeast: [position(Self.sales, 99)])
    }
    #expect(error?.code == .notFound)
  }
}

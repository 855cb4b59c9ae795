import DynamoModel
import Foundation
import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

/// What a file says of sessions reaches the model, and what their effects may name.
@Suite struct SessionModelTests {
  static func text(_ touch: String, effect: String = "") -> String {
    """
    pipeline: touches
    tables: { Tab: { key: { partition: id string } } }
    items:
      it: { in: Tab, match: { id: "{id}" }, fields: { n: n integer, room: Room optional } }
    projections:
      rooms: { collection: it, key: [{ place: room }, id], columns: [n] }
      live: { session: it, key: [id], touch: \(touch), gap: 30m, columns: { c: count, last_room: room, total: sum(n) } }
    \(effect)
    """
  }

  @Test func `each touch of a session that is an item has its own condition`() throws {
    let pipeline = try EvaluationTests.load(Self.text("[{ change: changed(n), when: new.n > old.n }, changed(room)]"))
    guard case .sessions(let sessions) = pipeline.projections[1].kind, case .item(_, let touches) = sessions.subject else {
      return
    }
    func image(_ n: Int64, _ room: String) throws -> Image {
      let item: Item = ["id": .string("a"), "n": .number(Number(n)), "Room": .string(room)]
      return try #require(pipeline.tables[0].matcher.image(of: item))
    }
    func isTouch(_ old: (Int64, String), _ new: (Int64, String)) throws -> Bool {
      let (old, new) = (try image(old.0, old.1), try image(new.0, new.1))
      return touches.contains { $0.happened(old: old, new: new, commit: 0) }
    }
    #expect(touches.map { $0.when?.text } == ["new.n > old.n", nil])
    #expect(try isTouch((5, "x"), (6, "x")))
    #expect(try !isTouch((5, "x"), (1, "x")))
    #expect(try isTouch((5, "x"), (1, "y")))
    #expect(pipeline.explanation.contains("a change in n (when new.n > old.n) or Room touches it"), "\(pipeline.explanation)")
  }

  @Test func `a condition on the insertion of a session's own item is refused`() {
    let findings = FindingsTests.findings(Self.text("{ change: inserted, when: n > 1 }")).map(\.description)
    #expect(
      findings.count == 1 && findings[0].contains("7:68: an item that is inserted begins its session in any case"), "\(findings)")
  }

  @Test(arguments: ["id", "session_id", "status", "ended_by", "last_room"])
  func `an effect may name every column of the session's row`(
    column: String
  ) throws {
    let effect = "effects:\n  gone: { each: live expired, delete: { rows: rooms, where: place = :\(column) } }\n"
    let pipeline = try EvaluationTests.load(Self.text("changed(n)", effect: effect))
    guard case .deleteRows(let selections) = pipeline.effects[0].action else { return }
    let table = pipeline.projections[1].table
    #expect(selections[0].equals.map { table.columns[$0.input].name } == [column])
  }

  @Test(arguments: [
    ("place", "_at", "the sessions of `live` have no column `_at`"),
    ("place", "_position", "the sessions of `live` have no column `_position`"),
    ("place", "_order", "the sessions of `live` have no column `_order`"),
    ("place", "started_at", "`place` is string and is compared with timestamp"),
    ("place", "c", "`place` is string and is compared with integer"),
    ("place", "rom", "the sessions of `live` have no column `rom`"),
    ("_item", "id", "`rooms` has no column `_item`"),
  ])
  func `but not what the engine keeps for itself, nor another type`(column: String, value: String, message: String) {
    let effect = "effects:\n  gone: { each: live expired, delete: { rows: rooms, where: \(column) = :\(value) } }\n"
    let findings = FindingsTests.findings(Self.text("changed(n)", effect: effect)).map(\.message)
    #expect(findings.count == 1 && findings[0].contains(message), "\(findings)")
  }
}

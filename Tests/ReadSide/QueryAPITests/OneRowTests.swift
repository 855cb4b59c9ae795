import DynamoModel
import Foundation
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import RecordLiteralTestKit
import Testing

@testable import QueryAPI

/// Queries for one row.
@Suite struct OneRowTests {
  private static let yaml = """
    pipeline: scene
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { room: Room optional, points: Points integer } }
    projections:
      plays: { collection: play, key: [name, n], columns: [room, points] }
    queries:
      points_of: { one: true, params: { name: string }, sql: "SELECT points, room FROM plays WHERE name = :name" }
      all_of: { params: { name: string }, sql: "SELECT points, room FROM plays WHERE name = :name" }

    """

  private func failure(_ body: () async throws -> [UInt8]) async -> QueryError? {
    do {
      _ = try await body()
      return nil
    } catch {
      return error as? QueryError
    }
  }

  @Test func `a row is an object, none is not found, and several are a mistake`() async throws {
    let scene = try FileScene(Self.yaml)
    try scene.write { history in
      for (name, n) in [("ana", "1"), ("ben", "1"), ("ben", "2")] {
        history.time += 1
        history.put(["PK": .string("U:\(name)"), "SK": .string(n), "Points": .number(Number(7))])
      }
    }
    let view = scene.view()
    func ask(_ query: String, _ name: String) async throws -> [UInt8] {
      try await view.query(query, parameters: [("name", name)], atLeast: [])
    }
    let one = try await ask("points_of", "ana")
    #expect(try member("row", of: one) == #"{"points":7,"room":null}"#)
    #expect(try member("rows", of: one) == "missing" && member("columns", of: one) == "missing")
    #expect(try member("generation", of: one) == "1")
    let none = await failure { try await ask("points_of", "eva") }
    #expect(none?.code == .noRow && none?.status == 404)
    let several = await failure { try await ask("points_of", "ben") }
    #expect(several?.code == .queryFailed && several?.message.contains("there are several") == true)
    #expect(try member("rows", of: await ask("all_of", "ben")) == "[[7,null],[7,null]]")
    #expect(try member("rows", of: await ask("all_of", "eva")) == "[]")
  }

  @Test func `the document says what each of both answers`() throws {
    let pipeline = try FileScene(Self.yaml).pipeline
    func schema(_ name: String) throws -> String {
      "\(PipelineView.schema(try PipelineView.query(name, pipeline), pipeline).node)"
    }
    #expect(try schema("points_of").contains("row") && !schema("points_of").contains("rows"))
    #expect(try schema("all_of").contains("rows"))
  }
}

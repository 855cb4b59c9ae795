import DynamoModel
import Foundation
import PipelineFiles
import Pipelines
import Testing

@Suite struct ExplanationTests {
  @Test func `every projection and effect is a sentence`() throws {
    let pipeline = try PipelineLoader.load(ShippedPipelinesTests.folder("chat-rooms"))
    let text = pipeline.explanation
    for name in pipeline.projections.map(\.name) + pipeline.effects.map(\.name) { #expect(text.contains("\n\(name): ")) }
    #expect(
      text.contains(
        "presence: a session of each person begins, and goes on, when a comment is inserted. It expires 30m after the last touch, that instant included or 1d after the first."
      ))
    #expect(
      text.contains(
        "talkers_by_day: ranks each person by count, counting each time that a comment is inserted; nothing that happens later undoes it. There is a board for each day (of the commit time, UTC)."
      ))
    #expect(text.contains("room_stats: for each room, over each comment that exists now"))
    #expect(text.contains("comment_edits: for each person and stamp, counting each time that a comment changes in Comment;"))
    #expect(text.contains("thanked: ranks each thanked by count"))
    #expect(text.contains("What has no thanked is left out."))
    #expect(
      text.contains(
        "room_is_gone: when a room is removed, for whatever reason, the items from which the rows of room_timeline of which room is its room"
      ))
  }

  @Test func `a leaderboard says its scores in their order, and its columns`() throws {
    let pipeline = try PipelineLoader.load(
      text: Array(
        """
        pipeline: scores
        tables: { Tab: { key: { partition: PK } } }
        items: { play: { in: Tab, match: { PK: "{name}" }, fields: { n: N integer, d: D decimal } } }
        projections:
          made: { leaderboard: name, of: play, score: [sum(n), min(d) asc, count], columns: { mean: avg(d) }, floor: 2 }

        """.utf8), file: "pipeline.yaml")
    #expect(
      pipeline.explanation.contains(
        "made: ranks each name by sum(n), then by min(d), then by count, over each play that exists now, so that edits, moves and deletions are subtracted by themselves. The greatest sum(n) is first, of equal ones the least min(d), then the greatest count; equal scores rank in the order in which they were reached, then by name. It holds mean = avg(d). A sum(n) below 2 has no rank."
      ), "\(pipeline.explanation)")
  }

  @Test(arguments: ShippedPipelinesTests.names) func `the description is JSON with every name`(name: String) throws {
    let pipeline = try PipelineLoader.load(ShippedPipelinesTests.folder(name))
    var writer = JSONWriter()
    pipeline.writeJSON(to: &writer)
    let tape = try JSONTape(writer.bytes)
    let projections = try #require(tape.member(tape.root, "projections"))
    #expect(tape.count(projections) == pipeline.projections.count)
  }
}

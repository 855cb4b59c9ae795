import ChangeLog
import ChangeRecords
import Foundation
import Kafka
import KafkaLog
import KafkaTestKit
import RecordLiteralTestKit
import Testing

/// Topics that hold what no relay of ours has put there, or no longer hold what it did: seen through the whole program. What was
/// committed stays, writers do not notice, and once an operator has mended the topic every record is in the read model.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: KafkaBroker.isAvailable, Comment(rawValue: KafkaBroker.skipped)))
struct BadTopicTests {
  @Test func `a message without our headers is set aside as a dead letter, and the lane goes on`() async throws {
    let scene = try await TopicScene()
    #expect(try await scene.notes(try await scene.put("a")) == ["a"])
    try await scene.send("hello")
    #expect(try await scene.notes(try await scene.put("b")) == ["a", "b"])
    let letters = try await Program.run("dead-letter", "list", "notes", "--server", scene.server.page)
    #expect(letters.status == 0, "\(letters)")
    for word in ["(topic)", "a message without our headers"] { #expect(letters.output.contains(word), "\(letters)") }
    try await scene.wait("doctor counts it and finds nothing wrong") {
      let doctor = try await scene.doctor()
      return doctor.status == 0 && doctor.output.contains("1 dead letters")
    }
    _ = await scene.server.stop()
  }

  @Test(arguments: [
    ("no json", "2", ["record 2: the record is not JSON"]), ("{}", "3", ["format 3", "use a newer afterimage"]),
  ])
  func `a record with our headers that cannot be read stops the lane and nothing else`(
    _ value: String, _ format: String, _ words: [String]
  ) async throws {
    let scene = try await TopicScene()
    let first = try await scene.put("a")
    #expect(try await scene.notes(first) == ["a"])
    try await scene.send(value, format: format, position: position(first, plus: 1))
    let doctor = try await scene.wrong("a lane has stopped")
    for word in words { #expect(doctor.output.contains(word), "\(doctor)") }
    #expect(try await scene.metrics.contains("afterimage_lane_stopped{pipeline=\"notes\""))
    #expect(scene.server.child.errors.contains("lane stopped"))
    // Writers do not notice, what was committed is answered, and whoever asks for more hears that it is not there.
    let second = try await scene.put("b")
    #expect(try await scene.notes() == ["a"])
    let late = try await Program.run("query", "notes", "all", "--server", scene.server.page, "--at-least", second)
    #expect(late.status == 1 && late.errors.contains("has not reached"), "\(late)")
    // It is so after a restart too.
    try await scene.restart {}
    try await scene.wrong("a lane has stopped")
    #expect(try await scene.notes() == ["a"])
    try await scene.republish()
    #expect(try await scene.notes(second) == ["a", "b"])
    _ = await scene.server.stop()
  }

  @Test func `a topic whose partitions were changed is reported by relay and worker`() async throws {
    let scene = try await TopicScene()
    #expect(try await scene.notes(try await scene.put("a")) == ["a"])
    try await scene.restart { try await Admin(scene.configuration) { _ in }.extend(topic: scene.topic, to: 2) }
    try await scene.wrong("has 2 partitions, the table has 1", "a topic's partitions must not be changed")
    #expect(scene.server.child.errors.contains("relay stopped"), "\(scene.server.child.errors)")
    #expect(try await scene.metrics.contains("afterimage_relay_stopped{table=\"\(scene.table)\"} 1"))
    let second = try await scene.put("b")
    #expect(try await scene.notes() == ["a"])
    try await scene.republish()
    #expect(try await scene.notes(second) == ["a", "b"])
    _ = await scene.server.stop()
  }

  @Test func `a topic with fewer partitions than the table is reported, and written to once it has as many`() async throws {
    let scene = try await TopicScene(partitions: 3, topicPartitions: 1)
    try await scene.put("a")
    try await scene.wrong("has 1 partition, the table has 3", "give it as many while it holds nothing")
    #expect(try await scene.metrics.contains("afterimage_relay_stopped{table=\"\(scene.table)\"} 1"))
    // Writers do not notice.
    try await scene.put("b")
    #expect(try await scene.notes() == [])
    try await Admin(scene.configuration) { _ in }.extend(topic: scene.topic, to: 3)
    // It looks every five seconds.
    try await scene.wait("both are published") { try await scene.notes() == ["a", "b"] }
    try await scene.wait("the relay goes on") {
      try await scene.metrics.contains("afterimage_relay_stopped{table=\"\(scene.table)\"} 0")
    }
    let said = scene.server.child.errors.split(separator: "\n").count { $0.contains("relay stopped") }
    #expect(said == 1, "\(scene.server.child.errors)")
    _ = await scene.server.stop()
  }

  @Test func `a topic that was trimmed past the worker's position stops the lane, which says what to do`() async throws {
    let scene = try await TopicScene()
    let first = try await scene.put("a")
    #expect(try await scene.notes(first) == ["a"])
    var third = ""
    try await scene.restart {
      // The relay goes on while no worker runs, and somebody deletes records.
      let relay = try await DevProcess.serve(
        [
          "--roles", "table,relay", "--data", scene.folder.file("data"), "-p", scene.folder.file("notes"), "--kafka",
          scene.bootstrap,
        ])
      try await scene.put("b", to: relay.tables)
      third = try await scene.put("c", to: relay.tables)
      let log = try KafkaLog(table: scene.table, configuration: scene.configuration) { _ in }
      let tableID = try await log.describe().tableID
      var cursor = try await log.cursor(partition: 0, time: .distantPast)
      #expect(cursor.tableID == tableID)
      while cursor.sequence < 2 {
        cursor = try await log.read(partition: 0, after: cursor, limit: .init(records: 1, bytes: 1), wait: .seconds(5)).end
      }
      try await Admin(scene.configuration) { _ in }.trim(topic: scene.topic, partition: 0, before: cursor.hint)
      #expect(await relay.stop() == 0)
    }
    try await scene.wrong("record 2 is no longer kept, the topic begins with 3", "afterimage relay republish \(scene.table)")
    #expect(try await scene.notes() == ["a"])
    try await scene.republish()
    #expect(try await scene.notes(third) == ["a", "b", "c"])
    _ = await scene.server.stop()
  }

  @Test func `topics that were deleted are published from the start, and a table that was never published is named`() async throws
  {
    let scene = try await TopicScene()
    let first = try await scene.put("a")
    #expect(try await scene.notes(first) == ["a"])
    try await scene.deleteTopics()
    #expect(try await scene.notes(try await scene.put("b")) == ["a", "b"])
    let unknown = try await Program.run("relay", "republish", "NoSuchTable", "--kafka", scene.bootstrap)
    #expect(unknown.status == 1 && unknown.errors.contains("no relay has published the table"), "\(unknown)")
    let usage = try await Program.run("relay", "republish", scene.table)
    #expect(usage.status == 2 && usage.errors.contains("--kafka"), "\(usage)")
    _ = await scene.server.stop()
  }
}

import Testing

/// What the load of a stream is judged by, on short histories.
@Suite struct StreamDeliveriesTests {
  private func deliveries(_ lines: String) -> StreamDeliveries {
    var deliveries = StreamDeliveries()
    for line in lines.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1)
      guard let note = StreamDeliveries.Note(line: words[1], worker: String(words[0])) else {
        Issue.record("\(line) is not a note")
        continue
      }
      deliveries.take(note)
    }
    return deliveries
  }

  @Test func `what came after the last checkpoint may come again from another worker`() {
    let seen = deliveries(
      """
      a 1 start s TRIM_HORIZON - -
      a 2 record s 100 x 1
      a 3 checkpoint s 100 - -
      a 4 record s 101 x 2
      a 5 record s 102 x 3
      b 9 start s 100 - -
      b 10 record s 101 x 2
      b 11 record s 102 x 3
      b 12 record s 103 x 4
      b 13 ended s - - -
      """)
    #expect(seen.faults(written: ["x": 4]) == [])
    #expect(seen.repeats == 2)
    #expect(seen.ended == ["s"])
    #expect(seen.takeovers(of: ["s", "t"], from: "a", at: 5) == ["s": .nanoseconds(4), "t": nil])
  }

  @Test func `what was checkpointed may not come again`() {
    let seen = deliveries(
      """
      a 1 start s TRIM_HORIZON - -
      a 2 record s 99 x 1
      a 3 checkpoint s 99 - -
      a 4 record s 100 x 2
      a 5 checkpoint s 100 - -
      b 6 start s 99 - -
      """)
    #expect(seen.faults(written: ["x": 2]) == ["b was given s from 99, before the checkpoint at 100"])
    let beginning = deliveries("a 1 start s TRIM_HORIZON - -\na 3 checkpoint s 9 - -\nb 6 start s TRIM_HORIZON - -")
    #expect(beginning.faults(written: [:]) == ["b was given s from its beginning, before the checkpoint at 9"])
  }

  @Test func `a record that comes twice to one worker, too early or without a start is a fault`() {
    let seen = deliveries(
      """
      a 1 start s TRIM_HORIZON - -
      a 2 record s 100 x 1
      a 3 record s 100 x 1
      a 4 record s 102 x 3
      b 5 record s 103 y 1
      """)
    #expect(
      seen.faults(written: ["x": 1, "y": 1]) == [
        "a at 100 of s: change 1 of x came after 100", "a at 102 of s: change 3 of x came after change 1",
        "b at 103 of s: change 1 of y came without a start",
      ])
  }

  @Test func `what is missing, strange or has another number is a fault`() {
    let seen = deliveries(
      """
      a 1 start s TRIM_HORIZON - -
      a 2 record s 100 x 1
      b 3 start t TRIM_HORIZON - -
      b 4 record t 7 x 1
      b 5 record t 8 z 1
      """)
    #expect(
      seen.faults(written: ["x": 2, "y": 1]) == [
        "b at 7 of t: change 1 of x came again with another sequence number", "x has 2 changes, and 1 came",
        "y has 1 changes, and 0 came", "z was never written",
      ])
  }
}

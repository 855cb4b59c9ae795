import ChangeRecords
import KafkaLog
import RecordLiteralTestKit
import Testing

@Suite struct RelayStateTests {
  let state = RelayState(
    tableID: TableID(rawValue: 0xf1), relay: "host \"x\" pid 1",
    publication: 12,
    partitions: [.init(sequence: 0, promised: 7), .init(sequence: SequenceNumber(.max), watermark: .distantFuture)])

  @Test func `a state comes back from its JSON`() throws {
    #expect(try RelayState(json: state.json) == state)
  }

  @Test(arguments: [
    ("", "not JSON"), ("[]", "no version"), ("{}", "no version"), (#"{"version":2}"#, "this program reads version 3"),
    (#"{"version":3,"relay":"r","publication":1,"partitions":[]}"#, "member is missing"),
    (
      #"{"version":3,"tableId":"00000000000000f1","relay":"r","publication":1,"partitions":[{"sequence":-1,"watermark":0}]}"#,
      "sequence or watermark"
    ),
    (#"{"version":3,"tableId":"00000000000000f1","relay":"r","publication":1,"partitions":[7]}"#, "sequence or watermark"),
    (#"{"version":3,"tableId":"00000000000000f1","relay":"r","publication":0,"partitions":[]}"#, "member is missing"),
  ])
  func `what is not a state is refused with the reason`(_ text: String, _ reason: String) {
    let error = #expect(throws: RecordError.self) { try RelayState(json: Array(text.utf8)) }
    #expect(error?.reason.contains(reason) == true)
  }
}

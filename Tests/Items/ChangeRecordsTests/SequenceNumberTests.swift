import ChangeRecords
import RecordLiteralTestKit
import Testing

/// Numbers of records as places in a partition.
@Suite struct SequenceNumberTests {
  @Test func `the first record comes after the place before all, and nothing comes before that`() {
    #expect(SequenceNumber.beforeAll.next == .first)
    #expect(SequenceNumber.first.previous == .beforeAll && SequenceNumber.beforeAll.previous == .beforeAll)
    let seven: SequenceNumber = 7
    #expect(seven.next == 8 && seven.previous == 6)
    #expect(seven.earlier(by: 0) == 7 && seven.earlier(by: 6) == .first)
    #expect(seven.earlier(by: 7) == .beforeAll && seven.earlier(by: 8) == .beforeAll && seven.earlier(by: .max) == .beforeAll)
  }

  @Test func `records are counted from a place on, and none from a later one`() {
    let seven: SequenceNumber = 7
    #expect(seven.records(after: .beforeAll) == 7 && seven.records(after: 6) == 1)
    #expect(seven.records(after: 7) == 0 && seven.records(after: 8) == 0 && seven.records(after: .afterAll) == 0)
    #expect(SequenceNumber.afterAll.records(after: .beforeAll) == .max)
  }

  @Test(arguments: [0, 7, UInt64.max])
  func `a number is read again from its digits`(number: UInt64) {
    let sequence = SequenceNumber(rawValue: number)
    #expect(sequence.description == String(number) && SequenceNumber(sequence.description) == sequence)
  }

  @Test(arguments: ["", "-1", "1.0", "x", " 1", "18446744073709551616"])
  func `what is not a number is none`(text: String) {
    #expect(SequenceNumber(text) == nil)
  }
}

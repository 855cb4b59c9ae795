import Testing

@testable import afterimage

/// The line of progress.
@Suite struct ImportMeterTests {
  @Test func `rows, rate, and what is left by how much of the file was read`() {
    #expect(ImportMeter().text == "0 rows")
    #expect(ImportMeter(rows: 1_000, isPassingOver: true).text == "1,000 rows are in the table")
    #expect(ImportMeter(read: 0.25, rows: 123_456, seconds: 3).text == "123,456 rows, 41,152/s, 9 s left")
    #expect(ImportMeter(read: 0.5, rows: 1_000, seconds: 61).text == "1,000 rows, 16/s, 1 min 1 s left")
    #expect(ImportMeter(read: 0.01, rows: 999, seconds: 100).text == "999 rows, 9/s, 2 h 45 min left")
    #expect(ImportMeter(read: 1, rows: 1_234_567, seconds: 2).text == "1,234,567 rows, 617,283/s")
  }
}

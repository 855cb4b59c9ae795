import Patterns
import Testing

@Suite struct PatternTests {
  @Test func `groups are found by number and by name`() throws {
    let pattern = try Pattern(#"(?i)^(?<nick>\S+?)[:,]\s.*\bthank(?:s| you)\b(x)?"#)
    #expect(pattern.groupCount == 2)
    #expect(pattern.groupNames == ["nick": 1])
    #expect(try pattern.capture(1, of: "ana: many THANKS") == "ana")
    #expect(try pattern.capture(2, of: "ana: many thanks") == nil)
    #expect(try pattern.capture(1, of: "ana many thanks") == nil)
    #expect(try pattern.capture(1, of: "") == nil)
  }

  @Test func `ranges are bytes and a group that took no part has none`() throws {
    let pattern = try Pattern("(é)(x)?(b)")
    let ranges = try Array("aéb".utf8).withUnsafeBytes { try pattern.match($0) }
    #expect(ranges == [1..<4, 1..<3, nil, 3..<4])
  }

  @Test func `the error of a wrong pattern says where`() throws {
    let error = #expect(throws: PatternError.self) { try Pattern("ab(c") }
    #expect(error?.offset == 4)
    #expect(error?.message == "missing closing parenthesis")
    _ = try Pattern("")
  }

  @Test func `a subject that is not UTF-8 and one that costs too much are errors`() throws {
    let pattern = try Pattern("^(a+)+$")
    #expect(throws: PatternError.self) { try [0xff].withUnsafeBytes { try pattern.match($0) } }
    #expect(throws: PatternError.self) { try pattern.capture(1, of: String(repeating: "a", count: 60) + "b") }
  }

  @Test func `many threads match one pattern`() async throws {
    let pattern = try Pattern(#"^(\w+)-(\d+)$"#)
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask { (0..<500).allSatisfy { (try? pattern.capture(2, of: "task\(task)-\($0)")) == "\($0)" } }
      }
      for await right in group { #expect(right) }
    }
  }
}

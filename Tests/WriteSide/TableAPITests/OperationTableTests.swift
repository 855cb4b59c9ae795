import Foundation
import TableAPI
import Testing

@Suite struct OperationTableTests {
  private static let begins = "<!-- operations -->\n"
  private static let ends = "\n<!-- /operations -->"

  @Test func `the README lists the operations of the registry`() throws {
    let path = URL(filePath: #filePath).appending(path: "../../../../README.md").standardized
    let text = try String(contentsOf: path, encoding: .utf8)
    let start = try #require(text.range(of: Self.begins)).upperBound
    let end = try #require(text.range(of: Self.ends)).lowerBound
    if ProcessInfo.processInfo.environment["AFTERIMAGE_WRITE_README"] != nil {
      let changed = text[..<start] + OperationTable.markdown + text[end...]
      try String(changed).write(to: path, atomically: true, encoding: .utf8)
    } else {
      #expect(text[start..<max(start, end)] == OperationTable.markdown, "run make readme")
    }
  }
}

import Testing

/// Every path that the sources write out for the query server and the health port stands on the page of the HTTP paths.
@Suite struct PathTests {
  @Test func `the page of the HTTP paths names every fixed path`() throws {
    let page = try #require(try SourceTree.files(["pipelines/HTTP.md"], ending: ".md").first).text
    let folders = [
      "Sources/ReadSide/QueryAPI/", "Sources/ReadSide/Dashboard/Page.swift", "Sources/Program/Assembly/Health.swift",
    ]
    var found: Set<String> = []
    for file in try SourceTree.files(folders) {
      for line in file.lines where !line.drop(while: { $0 == " " }).hasPrefix("//") {
        // A path ends with its quote, or with a word that is put in.
        for match in line.matches(of: /"(\/[a-z0-9.\/{}-]*)(?:"|\\\()/) where match.1 != "/" {
          found.insert(String(match.1.last == "/" ? match.1.dropLast() : match.1))
        }
      }
    }
    #expect(found.count > 20, "paths are not read as they are written: \(found.sorted())")
    for path in found { #expect(page.contains(path), "pipelines/HTTP.md does not name \(path)") }
  }
}

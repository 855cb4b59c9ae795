import Arguments
import DynamoModel
import Testing

@testable import afterimage

@Suite struct KeyOptionTests {
  @Test func `a key is one or two attributes with their types`() throws {
    #expect(
      try TableCreateCommand.key("PK:S,SK:N", command: "tool")
        == KeySchema(partition: .init(name: "PK", type: .string), sort: .init(name: "SK", type: .number)))
    #expect(try TableCreateCommand.key("id:B", command: "tool").sort == nil)
    for text in ["", "PK", "PK:X", ":S", "PK:S,", "a:S,b:S,c:S"] {
      #expect(throws: UsageError.self, "\(text)") { try TableCreateCommand.key(text, command: "tool") }
    }
  }

  @Test func `columns are as wide as their cells and numbers stand to the right`() {
    #expect(
      Console.table(["name", "n"], [["a", "10"], ["longer", "5"]]) == """
        name     n
        a       10
        longer   5
        """)
  }
}

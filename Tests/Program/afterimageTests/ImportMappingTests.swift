import Arguments
import DynamoModel
import Testing

@testable import afterimage

@Suite struct ImportMappingTests {
  func item(_ templates: [String], _ row: [String], line: Int = 7) throws -> Item {
    try ImportMapping(templates, columns: ["nick", "time", "score"], command: "tool").item(row, line: line)
  }

  func error(_ templates: String...) -> String {
    do throws(UsageError) {
      _ = try ImportMapping(templates, columns: ["nick", "time"], command: "tool")
      return "no error"
    } catch {
      return error.message
    }
  }

  @Test func `columns, line numbers and text become attributes`() throws {
    let item = try item(["PK=User:{nick}", "SK={time}#{line:06}", "N:N={score}", "raw={{{line}}}"], ["ana", "10:00", "1.50"])
    #expect(item["PK"] == .string("User:ana"))
    #expect(item["SK"] == .string("10:00#000007"))
    #expect(item["N"] == .number(try Number("1.5")))
    #expect(item["raw"] == .string("{7}"))
  }

  @Test func `an empty value is a string, and of no other type anything`() throws {
    let item = try item(["PK={nick}", "S={score}", "N:N={score}", "B:BOOL={time}"], ["ana", "", ""])
    #expect(item["S"] == .string(""))
    #expect(item.count == 2)
  }

  @Test func `the last type counts, and a colon in a name that is not a type stays`() throws {
    let item = try item(["a:b={nick}", "a:N:BOOL={time}"], ["x", "true", ""])
    #expect(item["a:b"] == .string("x"))
    #expect(item["a:N"] == .bool(true))
  }

  @Test func `a value that is not of its type is named`() {
    #expect { try item(["N:N={nick}"], ["ana", "", ""]) } throws: { "\($0)" == "N: `ana` is not a number" }
    #expect { try item(["N:BOOL={nick}"], ["yes", "", ""]) } throws: { "\($0)" == "N: `yes` is neither true nor false" }
    #expect { try item(["N:B={nick}"], ["!", "", ""]) } throws: { "\($0)" == "N: the text is not base64" }
  }

  @Test func `a template that means nothing is refused with what there is`() {
    #expect(error("PK") == "--set takes NAME=TEMPLATE, as PK=User:{nick}, not `PK`")
    #expect(error("=x").hasPrefix("--set takes"))
    #expect(error("PK={nik}") == "`{nik}` in the template `{nik}` is not a column; there are: nick, time, line")
    #expect(error("PK={nick") == "`{` without `}` in the template `{nick`")
    #expect(error("PK={line:6}").contains("is not a column"))
  }
}

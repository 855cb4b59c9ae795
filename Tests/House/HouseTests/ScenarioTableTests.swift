import Foundation
import Testing

/// The table of the source systems' scenarios says of each what shows it: made of the acceptance programs and of the pipelines' scenario tests.
@Suite struct ScenarioTableTests {
  private struct System {
    let letter: String
    let pipelines: [String]
    let scenarios: Int
  }

  private static let systems = [
    System(letter: "A", pipelines: ["chatbot-sessions"], scenarios: 15),
    System(letter: "B", pipelines: ["session-store", "session-store-single"], scenarios: 16),
    System(letter: "C", pipelines: ["chat-rooms"], scenarios: 16), System(letter: "D", pipelines: ["errbot"], scenarios: 20),
    System(letter: "E", pipelines: ["direct-messages"], scenarios: 20),
    System(letter: "F", pipelines: ["mini-jira"], scenarios: 18), System(letter: "G", pipelines: ["chat-memory"], scenarios: 16),
  ]

  private static let path = "Tests/SCENARIOS.md"

  private static func lines(_ path: String) throws -> [Substring] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
  }

  /// By number, the functions of an acceptance program that are scenarios: `def A14_and_flaw_1_attributes_...`.
  private static func functions(_ system: System) throws -> [Int: [String]] {
    var found: [Int: [String]] = [:]
    var isMarked = false
    for line in try lines("Tests/Program/AcceptanceTests/system_\(system.letter.lowercased()).py") {
      defer { isMarked = line.hasPrefix("@scenario") || (isMarked && line.hasPrefix("@")) }
      guard isMarked, let match = line.firstMatch(of: /^def ([A-G])([0-9]+)(_[A-Za-z0-9_]+)\(/), match.1 == system.letter,
        let number = Int(match.2)
      else { continue }
      found[number, default: []].append("\(match.1)\(match.2)\(match.3)")
    }
    return found
  }

  /// By number, the scenario tests of the pipelines whose names begin with it: `A1`, `C1 C2 C3`, `G4, G6`.
  private static func clocked(_ system: System) throws -> [Int: [String]] {
    var found: [Int: [String]] = [:]
    for pipeline in system.pipelines {
      let folder = "pipelines/\(pipeline)/tests"
      for file in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
        for line in try lines("\(folder)/\(file)") {
          guard let name = line.wholeMatch(of: /(?:- )?test: (.+)/)?.1 else { continue }
          for word in name.split(whereSeparator: { $0 == " " || $0 == "," }) {
            guard word.first.map(String.init) == system.letter, let number = Int(word.dropFirst()) else { break }
            found[number, default: []].append("\(pipeline)/tests/\(file)")
          }
        }
      }
    }
    return found
  }

  private static func table() throws -> String {
    var text = """
      # The scenarios of the source systems

      Each scenario of the seven systems, with the function of the acceptance program that runs it through an unmodified client against real processes, and
      where one tells it, the pipeline's own test with a clock. Made of them by `AFTERIMAGE_WRITE_TABLES=1 swift test --filter ScenarioTableTests`.

      `make test` runs every acceptance program in one process, and some of its scenarios through Kafka and PostgreSQL; `make acceptance` runs all of them under
      all conditions.

      | scenario | acceptance program | with a clock |
      | --- | --- | --- |

      """
    for system in systems {
      let (functions, clocked) = (try functions(system), try clocked(system))
      for number in 1...system.scenarios {
        let shown = (functions[number] ?? []).map { "`\($0)`" }.joined(separator: ", ")
        let files = Array(Set(clocked[number] ?? [])).sorted().map { "`\($0)`" }.joined(separator: ", ")
        text += "| \(system.letter)\(number) | \(shown) | \(files) |\n"
      }
    }
    return text
  }

  @Test func `every scenario of a system has an acceptance test, and no number is beyond them`() throws {
    for system in Self.systems {
      let numbers = try Self.functions(system).keys.sorted()
      #expect(numbers == Array(1...system.scenarios), "system \(system.letter)")
      #expect(try Self.clocked(system).keys.allSatisfy { (1...system.scenarios).contains($0) }, "system \(system.letter)")
    }
    #expect(Self.systems.map(\.scenarios).reduce(0, +) == 121)
  }

  @Test func `the table is that of the tests`() throws {
    let table = try Self.table()
    if ProcessInfo.processInfo.environment["AFTERIMAGE_WRITE_TABLES"] != nil {
      try table.write(toFile: Self.path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOfFile: Self.path, encoding: .utf8) == table, "\(Self.path) is to be written again")
  }
}

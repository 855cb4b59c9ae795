import Foundation
import HTTPServer
import ReadModels
import Services
import Testing

@testable import QueryAPI

/// The page of the HTTP paths, `pipelines/HTTP.md`: it names what there is.
@Suite struct PathPageTests {
  private static let page: String = {
    var folder = URL(filePath: #filePath)
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    return (try? String(contentsOf: folder.appending(path: "pipelines/HTTP.md"), encoding: .utf8)) ?? ""
  }()

  /// What stands under the heading of each path.
  private static let sections: [String: String] = {
    var sections: [String: String] = [:]
    for part in page.components(separatedBy: "\n### `").dropFirst() {
      let (heading, rest) = (part.prefix { $0 != "`" }, part.drop { $0 != "`" })
      sections[String(heading)] = rest.components(separatedBy: "\n## ")[0]
    }
    return sections
  }()

  private static let routes =
    QueryRouter.serverRoutes + QueryRouter.readRoutes + QueryRouter.operatorRoutes + QueryRouter.sessionRoutes

  @Test(arguments: routes.map { "\($0.method.rawValue) \($0.path)" }) func `every path has its section`(name: String) {
    #expect(Self.sections[name] != nil, "pipelines/HTTP.md has no section `\(name)`")
  }

  @Test func `every section is of a path that there is`() {
    let names = Set(Self.routes.map { "\($0.method.rawValue) \($0.path)" } + ["GET /"])
    for name in Self.sections.keys { #expect(names.contains(name), "\(name)") }
  }

  @Test func `a section names its parameters, with their bounds and defaults`() throws {
    let pipelines = [try Scene().pipeline]
    var seen = 0
    for route in Self.routes where !route.path.contains("{query}") {
      let section = Self.sections["\(route.method.rawValue) \(route.path)"] ?? ""
      for parameter in route.operations(pipelines).flatMap(\.parameters) {
        #expect(section.contains("`\(parameter.name)`"), "\(route.path) has `\(parameter.name)`")
        // The numbers stand in the parameter's row.
        let row = section.split(separator: "\n").first { $0.hasPrefix("| `\(parameter.name)` |") }.map(String.init) ?? ""
        for bound in ["minimum", "maximum", "default"] {
          guard case .integer(let number)? = parameter.schema.node[bound], number != Int.max, parameter.name != "id" else {
            continue
          }
          // What begins at 0 and has no end is only said to be greater.
          if bound == "minimum", parameter.schema.node["maximum"] == nil { continue }
          #expect(row.contains(Explanation.grouped(Int(number))), "\(route.path) \(parameter.name): \(bound) \(number) in \(row)")
          seen += 1
        }
      }
    }
    #expect(seen > 15, "\(seen)")
  }

  @Test func `every code of an error is in the table with its status`() {
    for code in QueryError.Code.allCases {
      #expect(Self.page.contains("| \(code.status) | `\(code.rawValue)` |"), "\(code)")
    }
  }

  @Test func `limits are those that hold`() {
    #expect(Self.page.contains("more than \(Explanation.grouped(PipelineView.queryRowsMax)) rows"))
    #expect(Self.page.contains("more than \(Explanation.grouped(PipelineView.scannedRowsMax)) rows from the first"))
    #expect(Self.page.contains("ran longer than \(PipelineView.queryTimeMax.components.seconds) s"))
    #expect(Self.page.contains("waits, at most \(PipelineView.freshnessWaitMax.components.seconds) s"))
    #expect(
      Self.page.contains(
        "| \(ReaderPool.waitingMax) queries of the pipeline wait already, or \(Explanation.grouped(EventHub.listenersMax)) pages")
    )
    #expect(EventHub.interval == .milliseconds(250) && Self.page.contains("at most every 250 ms"))
  }
}

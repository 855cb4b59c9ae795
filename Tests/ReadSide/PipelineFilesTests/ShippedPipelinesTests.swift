import Foundation
import PipelineFiles
import Pipelines
import Testing

@Suite struct ShippedPipelinesTests {
  static let names = [
    "chat-memory", "chat-rooms", "chatbot-sessions", "direct-messages", "errbot", "game-scores", "mini-jira", "session-store",
    "session-store-single",
  ]

  static func folder(_ name: String) -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return root.appending(path: "pipelines/\(name)").path
  }

  @Test(arguments: names) func `a shipped pipeline loads`(name: String) throws {
    do {
      let pipeline = try PipelineLoader.load(Self.folder(name))
      #expect(pipeline.name == name)
      #expect(pipeline.fingerprint.utf8.count == 64)
      #expect(Set(pipeline.projections.map(\.fingerprint)).count == pipeline.projections.count)
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test(arguments: names) func `its scenarios load`(name: String) throws {
    let pipeline = try PipelineLoader.load(Self.folder(name))
    do {
      let scenarios = try ScenarioLoader.load(Self.folder(name), of: pipeline)
      #expect(!scenarios.isEmpty)
      #expect(Set(scenarios.map(\.name)).count == scenarios.count)
      #expect(scenarios.allSatisfy { $0.steps.contains { !$0.expectations.isEmpty } })
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func `no folder of pipelines is left out`() throws {
    let found = try FileManager.default.contentsOfDirectory(atPath: Self.folder("")).sorted()
    #expect(found == ["HTTP.md", "README.md"] + Self.names)
  }

  @Test func `the grammar's page names every key`() throws {
    let page = try String(contentsOfFile: Self.folder("README.md"), encoding: .utf8)
    for key in GrammarKey.all {
      #expect(page.contains("`\(key.key)`") || page.contains("\(key.key):"), "\(key)")
    }
  }

  @Test func `the examples of the grammar's page load`() throws {
    let page = try String(contentsOfFile: Self.folder("README.md"), encoding: .utf8)
    let blocks = page.components(separatedBy: "```yaml\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    #expect(blocks.count == 3)
    do {
      let pipeline = try PipelineLoader.load(text: Array(blocks[0].utf8), file: "README.md")
      let scenarios = try ScenarioLoader.load(text: Array(blocks[2].utf8), file: "README.md", of: pipeline)
      #expect(scenarios[0].steps.count == 3)
      _ = try PipelineLoader.load(text: Array(blocks[1].utf8), file: "README.md")
    } catch {
      Issue.record("\(error)")
    }
  }
}

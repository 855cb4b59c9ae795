import Foundation
import PythonTestKit
import Testing

/// Every command block of README.md, run as it stands, in order, in one folder: only the ports are others. Of the `make` commands
/// `make test` is what CI runs.
@Suite(.serialized) struct ReadmeTests {
  struct Block {
    let language: String
    let text: String
    let line: Int
  }

  static func blocks(_ text: String) -> [Block] {
    var blocks: [Block] = []
    var open: (language: String, lines: [String], line: Int)?
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.hasPrefix("```") {
        if let block = open {
          blocks.append(Block(language: block.language, text: block.lines.joined(separator: "\n"), line: block.line))
          open = nil
        } else {
          open = (String(line.dropFirst(3)), [], number + 1)
        }
      } else {
        open?.lines.append(String(line))
      }
    }
    return blocks
  }

  @Test(.timeLimit(.minutes(5))) func `every command block of the README runs`() async throws {
    let text = try String(contentsOf: Program.repository.appending(path: "README.md"), encoding: .utf8)
    let blocks = Self.blocks(text)
    #expect(blocks.count { $0.language == "sh" } >= 4)
    let folder = try TestFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("pipelines"), withDestinationPath: Program.repository.appending(path: "pipelines").path)
    let bin = URL(filePath: Program.path).deletingLastPathComponent().path
    var server: ChildProcess?
    var ports = ("8000", "8001", "8002")
    for block in blocks where block.language == "sh" || block.language == "python" {
      let path = "export PATH='\(bin)':$PATH\n"
      if block.text.hasPrefix("afterimage dev") {
        let child = try ChildProcess(
          "/bin/bash", ["-c", path + "exec " + block.text + " --port 0 --page-port 0 --health-port 0"], folder: folder.path)
        let tables = try #require(await child.line("tables "), "\(child.errors)")
        let page = try #require(await child.line("page "))
        let health = try #require(await child.line("health ")).split(separator: "/").dropLast().last ?? ""
        ports = (
          String(tables.split(separator: ":").last ?? ""), String(page.split(separator: ":").last ?? ""),
          String(health.split(separator: ":").last ?? "")
        )
        server = child
        continue
      }
      let commands = block.text.replacing(":8000", with: ":\(ports.0)").replacing(":8001", with: ":\(ports.1)").replacing(
        ":8002", with: ":\(ports.2)")
      // The commands' defaults name the usual ports; the test's server has others.
      let functions = """
        set -euo pipefail
        afterimage() {
          case "$*" in *--server*) command afterimage "$@"; return ;; esac
          case "$1" in
            pipeline) if [ "$2" = explain ]; then set -- "$@" --server http://127.0.0.1:\(ports.1); fi; command afterimage "$@" ;;
            table|log) command afterimage "$@" --endpoint http://127.0.0.1:\(ports.0) ;;
            query|leaderboard|session|dead-letter) command afterimage "$@" --server http://127.0.0.1:\(ports.1) ;;
            doctor) command afterimage "$@" --endpoint http://127.0.0.1:\(ports.0) --server http://127.0.0.1:\(ports.1) ;;
            *) command afterimage "$@" ;;
          esac
        }

        """
      let outcome =
        block.language == "python"
        ? try await Program.run(Python.path, ["-c", commands], in: folder.path)
        : try await Program.run("/bin/bash", ["-c", path + functions + commands], in: folder.path)
      #expect(outcome.status == 0, "README.md:\(block.line): \(outcome)")
    }
    server?.signal(SIGINT)
    #expect(await server?.ended() == 0)
  }
}

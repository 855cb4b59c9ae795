import Foundation
import Testing

/// A running `afterimage dev`, with its addresses.
struct DevProcess {
  let child: ChildProcess
  let tables: String
  let page: String

  struct NotStarted: Error, CustomStringConvertible {
    let description: String
  }

  static func start(
    data: String, pipelines: [String], port: Int = 0, pagePort: Int = 0, _ more: [String] = [], folder: String? = nil,
    program: String = Program.path
  ) async throws -> DevProcess {
    let arguments =
      ["dev", "--data", data, "--port", "\(port)", "--page-port", "\(pagePort)"] + pipelines.flatMap { ["-p", $0] } + more
    let child = try ChildProcess(program, arguments, folder: folder)
    guard let tables = await child.line("tables "), let page = await child.line("page ") else {
      throw NotStarted(description: "\(child.output)\(child.errors)")
    }
    return DevProcess(child: child, tables: address(tables), page: address(page))
  }

  /// `afterimage serve`, with the addresses that its roles have.
  static func serve(
    _ arguments: [String], port: Int = 0, pagePort: Int = 0, environment: [String] = [], program: String = Program.path
  ) async throws -> DevProcess {
    let command = [program, "serve", "--port", "\(port)", "--page-port", "\(pagePort)"] + arguments
    // `env` becomes the program.
    let child = try ChildProcess("/usr/bin/env", environment + command)
    guard await child.line("pipeline ") != nil else { throw NotStarted(description: "\(child.output)\(child.errors)") }
    let lines = child.output.split(separator: "\n").map(String.init)
    let found = ["tables ", "page "].map { beginning in lines.first { $0.hasPrefix(beginning) }.map(address) ?? "" }
    return DevProcess(child: child, tables: found[0], page: found[1])
  }

  private static func address(_ line: String) -> String { line.split(separator: " ").last.map(String.init) ?? "" }

  var ports: (tables: Int, page: Int) { (DevProcess.port(tables), DevProcess.port(page)) }

  private static func port(_ address: String) -> Int { address.split(separator: ":").last.flatMap { Int($0) } ?? 0 }

  /// Where `/ready` and `/metrics` are.
  var health: String {
    get async { DevProcess.address(await child.line("health ") ?? "").replacing("/ready", with: "") }
  }

  /// Ctrl-C, or another signal; the exit status.
  func stop(_ signal: Int32 = SIGINT) async -> Int32 {
    child.signal(signal)
    return await child.ended()
  }

  /// kill -9.
  func kill() async {
    child.signal(SIGKILL)
    _ = await child.ended()
  }
}

import Foundation
import SupervisionTestKit
import Testing

/// The units of systemd, and the settings beside them.
@Suite(.serialized, .timeLimit(.minutes(2))) struct UnitFileTests {
  static let unit = "\(DeployFiles.folder)/systemd/afterimage@.service"

  @Test func `what a process may do under systemd is little: its exposure is at most 1.2 of 10`() async throws {
    let outcome = try await Program.run(
      "/usr/bin/systemd-analyze", ["security", "--offline=true", "--threshold=12", "--no-pager", Self.unit])
    #expect(outcome.status == 0, "\(outcome)")
    #expect(outcome.output.contains("Overall exposure level"), "\(outcome)")
  }

  @Test func `systemd finds nothing wrong with the unit`() async throws {
    let folder = try TestFolder()
    // The program is where the package puts it: here it is where it was built.
    let unit = try folder.write(
      "afterimage@table.service",
      try DeployFiles.text("systemd/afterimage@.service").replacing("/usr/bin/afterimage", with: Program.path))
    let outcome = try await Program.run("/usr/bin/systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", unit])
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
  }

  @Test func `the user that the unit runs as is made, with the folder that it works in`() async throws {
    let folder = try TestFolder()
    try folder.write("etc/group", "")
    let outcome = try await Program.run(
      "/usr/bin/systemd-sysusers", ["--root=\(folder.path)", "\(DeployFiles.folder)/systemd/afterimage.sysusers"])
    #expect(outcome.status == 0, "\(outcome)")
    let user = try String(contentsOfFile: folder.file("etc/passwd"), encoding: .utf8)
      .trimmingCharacters(in: .newlines).split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let group = try String(contentsOfFile: folder.file("etc/group"), encoding: .utf8).split(separator: ":").first
    let unit = try DeployFiles.text("systemd/afterimage@.service")
    for setting in ["User=\(user[0])", "Group=\(group ?? "")", "WorkingDirectory=\(user[5])"] {
      #expect(unit.contains("\n\(setting)\n"), "\(setting)")
    }
    // Nobody logs in as it.
    #expect(user.last == "/usr/sbin/nologin", "\(user)")
  }

  @Test func `the settings of each example are options of the program, and each role has one`() async throws {
    let files = try DeployFiles.names("systemd", ending: ".env")
    var roles: Set<String> = []
    for file in files {
      let instance = try DeployFiles.Instance(file)
      roles.formUnion(instance.roles.split(separator: ",").map(String.init))
      // Nothing is where the example says: the start is refused for that, and not for how it is asked.
      let outcome = try await Program.run(
        "/usr/bin/env",
        instance.environment() + [Program.path] + instance.words()
          + ["--data", "/proc/none", "--pipeline", "/proc/none", "--health-port", "0"])
      #expect(outcome.status == 1, "\(file): \(outcome)")
    }
    #expect(roles == ["table", "relay", "worker", "query"])
  }

  @Test func `a process is started, found ready and stopped as the unit has it`() async throws {
    let folder = try TestFolder()
    let manager = try ServiceManager(.path)
    let pipelines = Program.repository.appending(path: "pipelines").path
    let words = try DeployFiles.Instance("node.env").words(["/etc/afterimage/pipelines": pipelines])
    let process = try ChildProcess(
      "/usr/bin/env",
      ["NOTIFY_SOCKET=\(manager.name)", Program.path] + words + [
        "--data", folder.file("node"), "--port", "0", "--page-port", "0", "--health-port", "0",
      ])
    while let said = manager.next(), !said.hasPrefix("READY=1") { #expect(said.contains("STATUS=")) }
    process.signal(SIGTERM)
    #expect(manager.next()?.hasPrefix("STOPPING=1") == true)
    #expect(await process.ended() == 0, "\(process.errors)")
  }
}

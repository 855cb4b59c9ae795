import Arguments
import Assembly
import Foundation
import Testing
import YAML

@testable import afterimage

/// What a file of settings says, and what is refused in it.
@Suite struct SettingsFileTests {
  private func read(_ text: String) throws -> [String: SettledValue] {
    try SettingsFile.read(try YAML.parse(Array(text.utf8)), ServeCommand.command, file: "s.yaml")
  }

  private func mistake(_ text: String) -> String {
    do {
      return "\(try read(text))"
    } catch {
      let error = error as? YAMLError
      return error.map { "\($0.mark.line):\($0.mark.column): \($0.message)" } ?? "\(error as Any)"
    }
  }

  @Test func `settings are options by their names, each with its place`() throws {
    let values = try read(
      """
      # Of a worker.
      roles: worker
      page-port: 8001
      pipeline: [pipelines/a, "pipelines/b"]
      kafka-set: acks=all
      auto-rebuild: true

      """)
    #expect(
      values == [
        "roles": SettledValue(["worker"], place: "s.yaml:2:8"), "page-port": SettledValue(["8001"], place: "s.yaml:3:12"),
        "pipeline": SettledValue(
          ["pipelines/a", "pipelines/b"], place: "s.yaml:4:11", places: ["s.yaml:4:12", "s.yaml:4:25"]),
        "kafka-set": SettledValue(["acks=all"], place: "s.yaml:5:12"), "auto-rebuild": SettledValue([""], place: "s.yaml:6:15"),
      ])
    #expect(try read("auto-rebuild: false").isEmpty)
  }

  @Test(arguments: [
    ("roles: worker\nrole: x", "2:1: `role` is not a setting of `serve` (did you mean `roles`?)"),
    ("settings: other.yaml", "1:1: `settings` is not a setting of `serve`"),
    ("port: [1, 2]", "1:7: port takes one value"), ("port:", "1:6: port takes one value"),
    ("pipeline: { a: b }", "1:11: pipeline takes values, or a list of them"),
    ("pipeline: [a, [b]]", "1:15: pipeline takes values, or a list of them"),
    ("auto-rebuild: yes", "1:15: auto-rebuild is true or false"),
    ("auto-rebuild: \"true\"", "1:15: auto-rebuild is true or false"),
    ("- roles", "1:1: settings are names with their values"), ("roles: a\nroles: b", "2:1: "),
  ])
  func `what cannot be meant is refused with its place`(_ text: String, _ words: String) {
    #expect(mistake(text).hasPrefix(words), "\(mistake(text))")
  }

  /// What `dev` is given by a command line and a file.
  private func arguments(_ line: [String], _ settled: [String: SettledValue]) throws -> ParsedArguments? {
    guard case .run(_, let arguments) = try CommandLineParser.parse(DevCommand.command, line, settled: { (_, _, _) in settled })
    else { return nil }
    return arguments
  }

  /// What `dev` says of a value that is of the right type, and refused by its option.
  @Test(arguments: [
    ("host: [good, 'b/d']", "s.yaml:1:14: host takes a name or an address, not `b/d`"),
    ("host: [b ad]", "s.yaml:1:8: host takes a name or an address, not `b ad`"),
    ("cors: zz", "s.yaml:1:7: cors takes an origin such as https://app.example.com, not `zz`"),
    ("cors: https://a.b\nkeys: k", "s.yaml:1:7: cors is for a server without --keys: with keys pages of every origin may call"),
    ("set:\n  - a.b=1\n  - zz", "s.yaml:3:5: set takes PIPELINE.NAME=VALUE, as `--set chat-rooms.idle=5s`, not `zz`"),
    ("read-models: mysql://x", "s.yaml:1:14: read-models takes a URL that begins with postgres://"),
    ("read-models-password-file: x", "s.yaml:1:28: read-models-password-file goes with --read-models"),
    (
      "namespace: 'A B'",
      "s.yaml:1:12: namespace: `A B` cannot be a namespace: use a small letter, then small letters, digits and `-`"
    ),
    ("namespace: ab", "s.yaml:1:12: namespace is for names on a Kafka or in a PostgreSQL: it goes with --kafka or --read-models"),
    ("tls-key: x", "--tls-cert and s.yaml:1:10: tls-key go together"),
    (
      "allow-webhook-host: [a.b, 'a b']",
      "s.yaml:1:27: allow-webhook-host takes a host, or a host and a port: `a b` is not a host, or a host and a port"
    ),
    ("mail-command: ' '", "s.yaml:1:15: mail-command names a program and its arguments"),
    ("mail-from: nobody", "s.yaml:1:12: mail-from takes an address, as `board@example.org`, not `nobody`"),
    ("port: 65536", "s.yaml:1:7: port takes a whole number from 0 to 65535, not `65536`"),
    ("log-level: loud", "s.yaml:1:12: log-level is one of debug, info, warning, error, not `loud`"),
  ])
  func `a value that its option refuses has its place`(_ text: String, _ message: String) throws {
    let settled = try SettingsFile.read(try YAML.parse(Array(text.utf8)), DevCommand.command, file: "s.yaml")
    let arguments = try #require(try arguments([], settled))
    #expect { try NodeOptions.settings(arguments) } throws: { error in
      #expect((error as? UsageError)?.message == message)
      return error is UsageError
    }
  }

  @Test(arguments: [
    ("http://tables:8000", true), ("https://[::1]:9", true), ("HTTP://h", true), ("::bad", false), ("tables:8000", false),
    ("http://", false), ("ftp://h", false), ("''", false),
  ])
  func `a table server is named by its address`(_ address: String, _ isRight: Bool) throws {
    let text = "table-endpoint: \(isRight || address.first == "'" ? address : "'\(address)'")"
    let settled = try SettingsFile.read(try YAML.parse(Array(text.utf8)), ServeCommand.command, file: "s.yaml")
    guard case .run(_, let given) = try CommandLineParser.parse(ServeCommand.command, [], settled: { (_, _, _) in settled })
    else {
      return
    }
    if isRight {
      #expect(try ServeCommand.tableEndpoint(given) == address)
    } else {
      #expect {
        try ServeCommand.tableEndpoint(given)
      } throws: { error in
        (error as? UsageError)?.message.hasPrefix("s.yaml:1:17: table-endpoint takes the address of a table server") == true
      }
    }
  }

  /// What a process finds wrong when it starts.
  @Test(arguments: [
    ("address: 300.1.2.3", "s.yaml:1:10: address: the table API may listen on 300.1.2.3 only with keys to check"),
    ("page-address: '::'", "s.yaml:1:15: page-address: the page with the queries may listen on :: only with keys to check"),
    ("health-address: nowhere", "s.yaml:1:17: health-address: cannot listen on nowhere:0: not a numeric IP address"),
    ("address: 127.0.0.x", "s.yaml:1:10: address: cannot listen on 127.0.0.x:0"),
    ("tls-cert: /no/cert\ntls-key: /no/key", "s.yaml:1:11: tls-cert: /no/cert cannot be read"),
    ("keys: /no/keys", "s.yaml:1:7: keys: /no/keys: the file of keys cannot be read"),
    ("webhook-secrets: /no/secrets", "s.yaml:1:18: webhook-secrets: the file of webhooks' secrets cannot be read: /no/secrets"),
    ("pipeline: [/no/pipeline]", "s.yaml:1:12: pipeline: /no/pipeline: there is no such pipeline folder or file"),
    ("set: [no.idle=5s]", "`s.yaml:1:7: set no.idle=5s`: there is no pipeline `no` here"),
    ("data: /proc/none", "s.yaml:1:7: data: the data directory /proc/none cannot be created"),
  ])
  func `a value that does not work has its place`(_ text: String, _ message: String) throws {
    let settled = try SettingsFile.read(try YAML.parse(Array(text.utf8)), DevCommand.command, file: "s.yaml")
    let data = NSTemporaryDirectory() + "settings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: data) }
    let usual = ["--port=0", "--page-port=0", "--health-port=0"] + (settled["data"] == nil ? ["--data", data] : [])
    let arguments = try #require(try arguments(usual, settled))
    var settings = try NodeOptions.settings(arguments)
    settings.pipelines = arguments.all("pipeline")
    #expect { _ = try Node(settings) } throws: { error in
      #expect("\(error)".hasPrefix(message))
      return true
    }
  }

  @Test func `every option says whether it may be given several times`() {
    for command in [ServeCommand.command, DevCommand.command] {
      for option in command.options {
        #expect(option.repeats == option.about.lowercased().contains("may be given several times"), "--\(option.name)")
      }
    }
  }
}

import Foundation
import Testing
import YAML

@testable import AccessKeys

/// The file of keys: what it may say, and where it is wrong.
@Suite struct AccessFileTests {
  static let token = "0123456789abcdef01234567"

  private func keys(_ text: String) throws(YAMLError) -> [AccessKey] { try AccessFile.keys(try YAML.parse(text)) }

  @Test func `a key signs requests about tables, brings a token for pipelines, or both`() throws {
    let keys = try keys(
      """
      keys:
        - id: WRITER
          secret: s3cret
          allow: [{ tables: [Chat], access: [read, write] }]
        - id: dashboards
          token: \(Self.token)
          allow: [{ pipelines: ["chat-*", games], access: [query] }]
        - id: operator
          secret: s3cret
          session-token: temporary
          token: "\(Self.token)8="
          allow:
            - { tables: ["*"], access: [admin] }
            - { pipelines: ["*"], access: [query, operate] }
        - { id: nobody, token: \(Self.token)9, allow: [] }
      """)
    #expect(keys.map(\.id) == ["WRITER", "dashboards", "operator", "nobody"])
    #expect(keys.map { $0.secret != nil } == [true, false, true, false])
    #expect(keys.map { $0.token != nil } == [false, true, true, true])
    let (writer, dashboards, oper, nobody) = (keys[0], keys[1], keys[2], keys[3])
    #expect(writer.allows(.write, "Chat") && !writer.allows(.admin, "Chat") && !writer.sees(pipeline: "chat-rooms"))
    #expect(dashboards.allows(.query, pipeline: "chat-rooms") && dashboards.allows(.query, pipeline: "games"))
    #expect(!dashboards.allows(.query, pipeline: "chat") && !dashboards.allows(.operate, pipeline: "games"))
    #expect(!dashboards.allowsAll(.query) && oper.allowsAll(.query) && oper.allowsAll(.operate) && oper.allowsEverything == true)
    #expect(!nobody.sees(pipeline: "games") && nobody.secret == nil)
  }

  @Test func `operate does not imply query, nor query operate`() throws {
    let key = try keys("keys: [{ id: a, token: \(Self.token), allow: [{ pipelines: [p], access: [operate] }] }]")[0]
    #expect(key.allows(.operate, pipeline: "p") && !key.allows(.query, pipeline: "p") && key.sees(pipeline: "p"))
  }

  @Test(arguments: [
    ("secret: s, tokn: x, allow: []", "1:27: tokn is not known here: id, secret, session-token, token, allow are"),
    ("allow: []", "1:8: a key needs a secret, for tables, or a token, for pipelines"),
    ("token: \(token), allow: x", "1:56: allow must be a list of rules"),
    ("token: \(token)", "1:8: allow must be a list of rules"),
    ("token: [x], allow: []", "1:23: token must be a text"), ("token: ~, allow: []", "1:23: token must be a text"),
    ("token: '', allow: []", "1:23: token must be a text"),
    ("token: 12345678901234567890123, allow: []", "1:23: token has 23 characters and needs at least 24"),
    ("token: '0123456789 0123456789 0123456789', allow: []", "1:23: token must consist of letters, digits and -._~+/"),
    ("token: '=====0123456789=0123456789', allow: []", "1:23: token must consist of"),
    ("token: '0123456789ä0123456789ä0123456789', allow: []", "1:23: token must consist of"),
    ("token: \(String(repeating: "x", count: 513)), allow: []", "1:23: token has 513 characters and may have at most 512"),
    ("session-token: s, token: \(token), allow: []", "1:31: session-token goes with a secret"),
    ("secret: s, allow: [{ access: [read] }]", "1:35: a rule names tables or pipelines"),
    (
      "secret: s, token: \(token), allow: [{ tables: [t], pipelines: [p], access: [read] }]",
      "1:94: a rule is for tables or for pipelines: write two"
    ),
    ("secret: s, allow: [{ pipelines: [p], access: [query] }]", "1:48: the rule needs a token of the key a"),
    ("token: \(token), allow: [{ tables: [t], access: [read] }]", "1:67: the rule needs a secret of the key a"),
    (
      "token: \(token), allow: [{ pipelines: [p], access: [query, read] }]",
      "1:91: read is not a kind of access to pipelines; there are query, operate"
    ),
    ("secret: s, allow: [{ tables: [t], access: [operate] }]", "1:59: operate is not a kind of access to tables; there are"),
    ("token: \(token), allow: [{ pipelines: p, access: [query] }]", "1:70: pipelines must be a list"),
    ("token: \(token), allow: [{ pipelines: [[p]], access: [query] }]", "1:71: pipelines must hold texts"),
    ("token: \(token), allow: [{ pipelines: [p], access: query }]", "1:83: access must be a list"),
    ("token: \(token), allow: [{ pipelines: [p] }]", "1:57: access must be a list"),
    ("token: \(token), allow: [{ pipelines: [p], access: [query], until: x }]", "1:92: until is not known here"),
  ]) func `what is wrong is named with line and column, and no token is shown`(_ entry: String, _ expected: String) throws {
    let error = try #require(throws: YAMLError.self) {
      try keys("keys: [{ id: a, \(entry) }]".replacing("{ id: a, ", with: "{id: a, "))
    }
    let said = "\(error.mark.line):\(error.mark.column): \(error.message)"
    #expect(said.hasPrefix(expected), "\(said)")
    #expect(!said.contains("012345678") && !said.contains("xxxxx"))
  }

  @Test func `two keys have two ids and two tokens`() {
    func said(_ second: String) -> String {
      let error = #expect(throws: YAMLError.self) {
        try keys("keys:\n  - { id: a, token: \(Self.token), allow: [] }\n  - { \(second), allow: [] }")
      }
      return error.map { "\($0.mark.line):\($0.mark.column): \($0.message)" } ?? ""
    }
    #expect(said("id: a, secret: s") == "3:5: the key a is in the file twice")
    #expect(said("id: b, token: \(Self.token)") == "3:21: the token of b is that of a: each key needs a token of its own")
  }

  @Test func `limits of a token hold at the limit`() throws {
    for count in [TokenDigest.bytesMin, TokenDigest.bytesMax] {
      #expect(try keys("keys: [{ id: a, token: \(String(repeating: "x", count: count)), allow: [] }]").count == 1)
    }
  }

  @Test func `a file is named, and one that is not there`() throws {
    let path = FileManager.default.temporaryDirectory.path + "/keys-\(UUID()).yaml"
    let missing = try #require(throws: AccessFileError.self) { try KeyFile(path: path) }
    #expect(missing.description == "\(path): the file of keys cannot be read")
    try Data("keys: []".utf8).write(to: URL(filePath: path), options: .atomic)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let empty = try #require(throws: AccessFileError.self) { try KeyFile(path: path) }
    #expect(empty.description == "\(path):1:1: keys must be a list of at least one key")
  }

  @Test(.timeLimit(.minutes(1))) func `a changed file is read again, and a wrong one leaves the keys as they were`() async throws
  {
    let path = FileManager.default.temporaryDirectory.path + "/keys-\(UUID()).yaml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func write(_ ids: [String]) throws {
      let entries = ids.map { "  - { id: \($0), token: \(Self.token)\($0), allow: [] }\n" }
      try Data(("keys:\n" + entries.joined()).utf8).write(to: URL(filePath: path), options: .atomic)
    }
    try write(["a"])
    let file = try KeyFile(path: path, fixed: [AccessKey(id: "own", secret: "s")])
    #expect(
      file.current.key(token: Self.token + "a")?.id == "a" && file.current.key(id: "own") != nil && file.current.version == 0)
    try write(["b"])
    while file.current.key(token: Self.token + "b") == nil { try await Task.sleep(for: .milliseconds(20)) }
    #expect(file.current.key(token: Self.token + "a") == nil && file.current.key(id: "own") != nil && file.current.version == 1)
    try Data("keys: nonsense".utf8).write(to: URL(filePath: path), options: .atomic)
    let end = ContinuousClock.now + KeyFile.checkInterval * 2
    while ContinuousClock.now < end {
      #expect(file.current.key(token: Self.token + "b") != nil)
      try await Task.sleep(for: .milliseconds(50))
    }
    try write(["c"])
    while file.current.key(token: Self.token + "c") == nil { try await Task.sleep(for: .milliseconds(20)) }
  }
}

import DynamoClient
import DynamoModel
import Foundation
import Synchronization
import Testing

/// Effects that leave the program, as real processes send them: to an HTTP server, to a mail command, to a table.
@Suite(.timeLimit(.minutes(3))) struct SentEffectTests {
  static func pipeline(_ effects: String, name: String = "sent") -> String {
    """
    pipeline: \(name)
    tables:
      Docs: { key: { partition: id string } }
      Notes: { key: { partition: id string } }
    items:
      doc: { in: Docs, match: { id: "{id}" }, fields: { text: Text optional, n: N integer optional, who: explode(Who) optional } }
    projections:
      docs: { collection: doc, key: [id], columns: [text] }
    effects:
    \(effects)

    """
  }

  private struct Scene {
    let folder: TestFolder
    let server: DevProcess
    let name = "sent"

    init(_ effects: String, _ more: [String] = [], folder: TestFolder? = nil) async throws {
      self.folder = try folder ?? TestFolder()
      try self.folder.write("sent/pipeline.yaml", SentEffectTests.pipeline(effects))
      server = try await DevProcess.start(data: self.folder.file("data"), pipelines: [self.folder.file("sent")], more)
      // What was written before an effect is active is not its own.
      let first = effects.split(separator: ":").first.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
      _ = try await effect("resume", "sent", first)
    }

    func put(_ id: String, _ item: Item = Item()) async throws {
      var item = item
      item["id"] = .string(id)
      let put = item
      _ = try await DynamoClient(endpoint: server.tables).call("PutItem") { writer in
        writer.member("TableName", "Docs")
        writer.name("Item")
        writer.item(put)
      }
    }

    func note(_ id: String) async throws -> Item? {
      let answer = try await DynamoClient(endpoint: server.tables).call("GetItem") { writer in
        writer.member("TableName", "Notes")
        writer.name("Key")
        writer.item(["id": .string(id)])
      }
      return try answer.body.member(answer.body.root, "Item").map { try Item(json: answer.body, $0) }
    }

    func effect(_ words: String...) async throws -> String {
      let outcome = try await Program.run(Program.path, ["effect"] + words + ["--server", server.page], in: folder.path)
      #expect(outcome.status == 0, "\(outcome)")
      return outcome.output
    }

    func wait(_ what: String, seconds: Int = 30, _ isSo: () async throws -> Bool) async throws {
      let end = ContinuousClock.now + .seconds(seconds)
      while try await !isSo() {
        try #require(ContinuousClock.now < end, "\(what): \(server.child.errors.suffix(4_000))")
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  @Test func `a webhook is tried until its receiver takes it, byte by byte the same, and the next one waits`() async throws {
    // Nobody is there at first.
    let port: UInt16
    do {
      let probe = try HookReceiver()
      port = probe.port
      probe.stop()
    }
    let scene = try await Scene(
      "  tell: { each: doc inserted, webhook: { url: 'http://127.0.0.1:\(port)/docs', body: { id: id, text: text } }, retry: { attempts: 200, first: 20ms, most: 100ms } }",
      ["--allow-webhook-host", "127.0.0.1:\(port)"])
    try await scene.put("a", ["Text": .string("ü\n\"")])
    try await scene.put("b")
    try await scene.wait("an attempt was made") { try await scene.effect("list", "sent").contains("does not answer") }
    let answers: [HookReceiver.Answer] = [.status(500), .redirect, .hang, .status(404)]
    let receiver = try HookReceiver(answers, port: port)
    try await scene.wait("both are taken", seconds: 60) { receiver.requests.count == answers.count + 2 }
    try await scene.wait("nothing waits") { try await scene.effect("list", "sent").contains("0 rows") }
    let all = receiver.requests
    #expect(
      Set(all.prefix(5).map(\.key)).count == 1 && Set(all.prefix(5).map(\.body)) == [Array(#"{"id":"a","text":"ü\n\""}"#.utf8)])
    #expect(all[5].key != all[0].key && all[5].body == Array(#"{"id":"b","text":null}"#.utf8))
    #expect(all.allSatisfy { $0.path == "/docs" && $0.signature == nil })
    #expect(await scene.server.stop() == 0)
  }

  @Test func `what was sent before a kill and not noted is sent again, the same`() async throws {
    let folder = try TestFolder()
    let victim = Mutex<ChildProcess?>(nil)
    // The process is gone before it hears that its first request was taken.
    let receiver = try HookReceiver { request in
      victim.withLock { child in
        child?.signal(SIGKILL)
        child = nil
      }
    }
    let effects =
      "  tell: { each: doc inserted, webhook: { url: 'http://127.0.0.1:\(receiver.port)/', body: { id: id, at: commit } } }"
    let allowed = ["--allow-webhook-host", "127.0.0.1:\(receiver.port)"]
    let first = try await Scene(effects, allowed, folder: folder)
    victim.withLock { $0 = first.server.child }
    try? await first.put("a")
    _ = await first.server.child.ended()
    #expect(receiver.requests.count == 1)
    let second = try await Scene(effects, allowed, folder: folder)
    try await second.wait("it is sent again") { receiver.requests.count == 2 }
    #expect(receiver.requests[0] == receiver.requests[1] && !receiver.requests[0].key.isEmpty)
    try await second.wait("it is noted") { try await second.effect("list", "sent").contains("0 rows") }
    // Neither another start nor a rebuild sends it once more.
    let rebuilt = try await Program.run("pipeline", "rebuild", "sent", "--server", second.server.page)
    #expect(rebuilt.status == 0, "\(rebuilt)")
    try await second.wait("another generation is current") {
      second.server.child.errors.contains("generation=2") && second.server.child.errors.contains("current")
    }
    try await second.put("b")
    try await second.wait("the next one is sent") { receiver.requests.count >= 3 }
    #expect(receiver.requests.map(\.key)[2] != receiver.requests[0].key)
    #expect(await second.server.stop() == 0)
    #expect(receiver.requests.count == 3)
  }

  @Test func `a host that no setting names is not asked, and operators decide`() async throws {
    let receiver = try HookReceiver()
    let effects = "  tell: { each: doc inserted, webhook: { url: 'http://127.0.0.1:\(receiver.port)/', body: { id: id } } }"
    let folder = try TestFolder()
    let scene = try await Scene(effects, folder: folder)
    try await scene.wait("the start says it") {
      scene.server.child.errors.contains(
        "the effect `tell` calls 127.0.0.1:\(receiver.port), which --allow-webhook-host does not name")
    }
    try await scene.put("a")
    try await scene.put("b")
    try await scene.wait("both are given up") { try await scene.effect("list", "sent", "--state", "failed").contains("2 rows") }
    let listed = try await scene.effect("list", "sent")
    #expect(
      listed.contains("start the worker with --allow-webhook-host 127.0.0.1:\(receiver.port)") && listed.contains("webhook"))
    #expect(await scene.server.stop() == 0)
    #expect(receiver.requests.isEmpty)
    // The environment names the host as the flag does; secrets are in it too.
    let child = try await DevProcess.serve(
      ["--data", folder.file("data"), "-p", folder.file("sent"), "--health-port", "0"],
      environment: [
        "AFTERIMAGE_ALLOW_WEBHOOK_HOST=other.example, 127.0.0.1:\(receiver.port)", "AFTERIMAGE_WEBHOOK_SECRET=0123456789abcdef",
      ])
    let retried = try await Program.run("effect", "retry", "sent", "tell", "--server", child.page)
    #expect(retried.output.contains("2 effects"), "\(retried)")
    try await scene.wait("both are taken") { receiver.requests.count == 2 }
    #expect(receiver.requests.allSatisfy { $0.signature?.hasPrefix("v1,") == true })
    #expect(await child.stop() == 0)
  }

  @Test func `a mail command gets each mail until it takes it, and one that is not there is said`() async throws {
    let folder = try TestFolder()
    try folder.write(
      "mail.sh",
      "cat >> '\(folder.file("tried"))'\ntest -e '\(folder.file("open"))' || { echo closed >&2; exit 75; }\necho sent >> '\(folder.file("sent-mails"))'\n"
    )
    let effects =
      "  welcome: { each: doc added(who), mail: { to: who, subject: 'Doc {id}', text: 'Hello' }, retry: { attempts: 500, first: 20ms, most: 50ms } }"
    let scene = try await Scene(
      effects, ["--mail-command", "sh \(folder.file("mail.sh"))", "--mail-from", "docs@x.org"], folder: folder)
    try await scene.put("a", ["Who": .list([.string("ana@x.org"), .string("ben@x.org")])])
    try await scene.wait("the command has failed") {
      try await scene.effect("list", "sent").contains("ended with the status 75: closed")
    }
    try folder.write("open", "")
    func mails() -> Int {
      ((try? String(contentsOfFile: folder.file("sent-mails"), encoding: .utf8)) ?? "").split(separator: "\n").count
    }
    try await scene.wait("both are sent") { mails() == 2 }
    // Only who is new gets one.
    try await scene.put("a", ["Who": .list([.string("ben@x.org"), .string("cyd@x.org")])])
    try await scene.wait("the third is sent") { mails() == 3 }
    try await scene.wait("nothing waits") { try await scene.effect("list", "sent").contains("0 rows") }
    let tried = try String(contentsOfFile: folder.file("tried"), encoding: .utf8)
    let identities = Set(tried.split(separator: "\n").filter { $0.hasPrefix("Message-ID:") })
    #expect(identities.count == 3 && tried.contains("From: docs@x.org\nTo: cyd@x.org\nSubject: Doc a\n"))
    #expect(mails() == 3)
    #expect(await scene.server.stop() == 0)
  }

  @Test func `an item is written once under its condition, and what sets itself off comes to an end`() async throws {
    let scene = try await Scene(
      """
        first: { each: doc inserted, put: { table: Notes, item: { id: '{id}', of: text }, when: attribute_not_exists(id) } }
        seen: { each: doc changed(n), update: { table: Notes, key: { id: '{id}' }, set: { n: n, of: text }, when: 'n < :n OR attribute_not_exists(n)' } }
        loop: { each: { change: doc changed(text), when: id = 'loop' }, update: { table: Docs, key: { id: id }, set: { Text: '{text}x' } }, per hour: 5 }
        lost: { each: doc removed, topic: { name: lost, value: { id: id } } }
        nobody: { each: doc removed, mail: { to: 'a@x.org', subject: s, text: t } }
      """)
    try await scene.put("a", ["Text": .string("one"), "N": .number(Number(1))])
    try await scene.wait("the note is there") { try await scene.note("a")?["of"] == .string("one") }
    try await scene.put("a", ["Text": .string("two"), "N": .number(Number(3))])
    try await scene.wait("the note has its number") { try await scene.note("a")?["n"] == .number(Number(3)) }
    try await scene.put("a", ["N": .number(Number(2))])
    try await scene.put("a", ["N": .number(Number(4))])
    try await scene.wait("the last is written, without a text") {
      try await scene.note("a") == ["id": .string("a"), "n": .number(Number(4))]
    }
    try await scene.put("loop", ["Text": .string("")])
    try await scene.put("loop", ["Text": .string("x")])
    try await scene.wait("the rest is given up") {
      try await scene.effect("list", "sent", "--state", "failed").contains(
        "5 effects of {\"id\":{\"S\":\"loop\"}} were carried out in this hour")
    }
    _ = try await DynamoClient(endpoint: scene.server.tables).call("DeleteItem") { writer in
      writer.member("TableName", "Docs")
      writer.name("Key")
      writer.item(["id": .string("a")])
    }
    try await scene.wait("what is not there is said") {
      let listed = try await scene.effect("list", "sent", "--state", "failed")
      return listed.contains("there is no Kafka to publish to lost: start the worker with --kafka")
        && listed.contains("there is no command that sends mails: start the worker with --mail-command")
    }
    #expect(try await scene.effect("discard", "sent", "lost").contains("1 effect"))
    let item = try await Program.run("table", "get", "Docs", "id=loop", "--endpoint", scene.server.tables)
    #expect(item.output.contains("xxxxxx") && !item.output.contains("xxxxxxx"), "\(item)")
    #expect(await scene.server.stop() == 0)
  }
}

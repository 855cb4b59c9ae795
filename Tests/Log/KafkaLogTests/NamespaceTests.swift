import ChangeLog
import KafkaLog
import Testing

/// What begins the names that environments keep beside one another.
@Suite struct NamespaceTests {
  @Test(arguments: ["a", "staging", "team-b-2", String(repeating: "n", count: Namespace.bytesMax)])
  func `small letters, digits and hyphens make one`(_ name: String) throws {
    #expect(try Namespace(name).name == name)
    #expect(try Namespace(name).option == " --namespace \(name)")
  }

  @Test(arguments: [
    ("", "a small letter"), ("2b", "a small letter"), ("-a", "a small letter"), ("Staging", "a small letter"),
    ("a.b", "a small letter"),
    ("a_b", "a small letter"), ("räume", "a small letter"), ("a b", "a small letter"), ("pg", "PostgreSQL keeps"),
    (String(repeating: "n", count: Namespace.bytesMax + 1), "has 33 characters, and a namespace at most 32"),
  ])
  func `another text is refused with what is wrong`(_ name: String, _ words: String) {
    let refusal = #expect(throws: Namespace.Refusal.self) { try Namespace(name) }
    #expect(
      refusal?.description.contains("`\(name)`") == true && refusal?.description.contains(words) == true, "\(refusal as Any)")
  }

  @Test func `the usual names are those of before there were others`() throws {
    let names = TopicNames()
    #expect(names.namespace == .usual && Namespace.usual.option == "")
    #expect(names.records(of: "Chat") == "afterimage.Chat")
    #expect(names.companion(of: "Chat") == "afterimage.Chat.relay")
    #expect(names.transactionalID(of: "Chat") == "afterimage.relay.afterimage.Chat")
  }

  @Test func `each namespace has topics and transactional ids of its own, of long tables too`() throws {
    let longest = String(repeating: "n", count: Namespace.bytesMax)
    let namespaces = try ["a", "a-b", "afterimage", "afterimage-2", longest].map { TopicNames(try Namespace($0)) }
    // A table may be called as another environment's topic is.
    let tables = ["b", "a.b", "afterimage.b", "relay.a.b", String(repeating: "t", count: 255)]
    var topics: [String] = []
    for names in namespaces {
      for table in tables {
        topics += [names.records(of: table), names.companion(of: table), names.transactionalID(of: table)]
        #expect(names.records(of: table).hasPrefix("\(names.namespace.name)."))
        #expect(names.transactionalID(of: table).hasPrefix("\(names.namespace.name).relay."))
        #expect(names.companion(of: table).utf8.count <= 249)
        #expect(names.records(of: table, publication: TopicNames.publicationsMax).utf8.count <= 249)
      }
    }
    // Of one namespace a table called relay.a.b and the transactional id of another are of two kinds.
    let perKind = stride(from: 0, to: topics.count, by: 3).map { [topics[$0], topics[$0 + 1]] }.flatMap { $0 }
    #expect(Set(perKind).count == perKind.count)
    // Brokers refuse a topic whose name differs from another's in `.` and `_` alone.
    #expect(Set(perKind.map { $0.replacing(".", with: "_") }).count == perKind.count)
  }
}

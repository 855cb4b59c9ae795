import KafkaLog
import Testing

@Suite struct TopicNamesTests {
  @Test func `a name that Kafka holds stays as it is`() {
    #expect(TopicNames().records(of: "Chat_rooms-1.b") == "afterimage.Chat_rooms-1.b")
    #expect(TopicNames().companion(of: "Chat_rooms-1.b") == "afterimage.Chat_rooms-1.b.relay")
  }

  @Test func `no topic is longer than 249 bytes, and long names that differ at the end stay apart`() {
    let longest = String(repeating: "n", count: 222)
    #expect(TopicNames().companion(of: longest) == "afterimage.\(longest).relay")
    #expect(TopicNames().records(of: longest, publication: TopicNames.publicationsMax).utf8.count == 249)
    let names = ["a", "b"].map { String(repeating: "n", count: 254) + $0 } + [longest + "n"]
    for name in names {
      #expect(TopicNames().companion(of: name).utf8.count <= 249)
      #expect(TopicNames().records(of: name, publication: TopicNames.publicationsMax).utf8.count <= 249)
    }
    #expect(Set(names.map { TopicNames().records(of: $0) }).count == 3)
  }

  @Test func `letters that Kafka has not are replaced, and the names stay apart`() {
    let topics = ["Räume", "R üme", "R__ume"].map { TopicNames().records(of: $0) }
    #expect(Set(topics).count == 3)
    for topic in topics {
      #expect(
        topic.unicodeScalars.allSatisfy {
          $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
        })
    }
  }

  @Test func `no table's topic is one of another table`() {
    #expect(TopicNames().records(of: "T.relay") != TopicNames().companion(of: "T"))
    #expect(TopicNames().records(of: "T", publication: 2) == "afterimage.T.published.2")
    #expect(TopicNames().records(of: "T.published.2") != TopicNames().records(of: "T", publication: 2))
    #expect(TopicNames().records(of: "T.published.") == "afterimage.T.published.")
  }
}

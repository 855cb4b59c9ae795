import ChangeLog
import KafkaLog
import Testing

/// What to ask the owner of the brokers for.
@Suite struct BrokerRightsTests {
  private func sentence(_ deed: BrokerRights.Deed) throws -> String {
    BrokerRights(TopicNames(try Namespace("shop"))).sentence(deed)
  }

  @Test func `each sentence names what was refused, the right, and the namespace's prefix`() throws {
    #expect(
      try sentence(.read(topic: "shop.T")).hasPrefix(
        "the brokers do not let this user read the topic shop.T: ask their owner to allow READ on topics that begin with `shop.`")
    )
    #expect(try sentence(.write(topic: "shop.T")).contains("write to the topic shop.T: ask their owner to allow WRITE on topics"))
    let made = try sentence(.make(topic: "shop.T.relay", partitions: 1, settings: ["cleanup.policy=compact", "segment.ms=1"]))
    #expect(made.contains("allow CREATE on topics that begin with `shop.`"))
    #expect(made.hasSuffix("or to make this one with 1 partition and cleanup.policy=compact, segment.ms=1"))
    #expect(
      try sentence(.makeUnderPolicy(topic: "shop.T", partitions: 2, settings: ["a=1"], reason: "too few replicas")) == """
        a policy of the brokers does not allow the topic shop.T as it is made here (too few replicas): ask their owner to make this one with \
        2 partitions and a=1, and with what the policy wants
        """)
    #expect(
      try sentence(.useTransactions(id: "shop.relay.shop.T")).hasSuffix(
        "allow WRITE on transactional ids that begin with `shop.relay.`"))
    #expect(
      try sentence(.join(group: "shop.chat.12", pipeline: "chat")).hasSuffix(
        "member of the consumer group shop.chat.12: ask their owner to allow READ on groups that begin with `shop.chat.`"))
  }
}

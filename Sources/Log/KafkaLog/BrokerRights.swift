internal import ChangeLog
internal import Kafka

/// What the owner of the brokers has to allow, in sentences that name the right: for whoever asks for it, and for whoever gives it.
package struct BrokerRights: Sendable {
  /// What a user was not let do.
  package enum Deed: Sendable, Equatable {
    case read(topic: String)
    case write(topic: String)
    /// `settings` as `key=value`.
    case make(topic: String, partitions: Int, settings: [String])
    /// The same, refused by a policy in its own words.
    case makeUnderPolicy(topic: String, partitions: Int, settings: [String], reason: String)
    case useTransactions(id: String)
    case join(group: String, pipeline: String)
  }

  private let names: TopicNames

  package init(_ names: TopicNames) { self.names = names }

  /// One sentence: what is refused, and what to ask for. Prefixes are those of the namespace, and of the pipeline for groups.
  package func sentence(_ deed: Deed) -> String {
    let topics = "topics that begin with `\(names.namespace.name).`"
    return switch deed {
    case .read(let topic):
      "the brokers do not let this user read the topic \(topic): ask their owner to allow READ on \(topics)\(relays("READ"))"
    case .write(let topic):
      "the brokers do not let this user write to the topic \(topic): ask their owner to allow WRITE on \(topics)\(relays("WRITE"))"
    case .make(let topic, let partitions, let settings):
      "the brokers do not let this user make the topic \(topic): ask their owner to allow CREATE on \(topics)\(relays("CREATE")), or to "
        + making(partitions, settings)
    case .makeUnderPolicy(let topic, let partitions, let settings, let reason):
      "a policy of the brokers does not allow the topic \(topic) as it is made here (\(reason)): ask their owner to "
        + "\(making(partitions, settings)), and with what the policy wants"
    case .useTransactions(let id):
      "the brokers do not let this user use the transactional id \(id): ask their owner to allow WRITE on transactional ids that begin with "
        + "`\(names.namespace.name).relay.`"
    case .join(let group, let pipeline):
      "the brokers do not let this user be a member of the consumer group \(group): ask their owner to allow READ on groups that begin with "
        + "`\(names.namespace.name).\(pipeline).`"
    }
  }

  private func making(_ partitions: Int, _ settings: [String]) -> String {
    "make this one with \(partitions) partition\(partitions == 1 ? "" : "s") and \(settings.joined(separator: ", "))"
  }

  private func relays(_ one: String) -> String {
    " (a relay needs \(["READ", "WRITE", "CREATE"].filter { $0 != one }.joined(separator: " and ")) there, too)"
  }

  /// The error of a log whose topic could not be read: one that waits for the owner where the brokers do not allow it or do not know the user, else one
  /// that passes.
  func failure(_ error: KafkaError, of table: String, partition: Int? = nil, topic: String, message: String) -> LogError {
    if error.isUnauthenticated { return LogError(.denied, table: table, partition: partition, error.text) }
    return error.isDenied
      ? LogError(.denied, table: table, partition: partition, sentence(.read(topic: topic)))
      : LogError(.retry, table: table, partition: partition, message)
  }
}

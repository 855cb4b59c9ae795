internal import Arguments
internal import Assembly
internal import DynamoModel

/// `afterimage relay`: the way of a table's records to Kafka.
enum RelayCommand {
  static let command = Command("relay", about: "Manage what relays publish on Kafka.", commands: [republish])

  /// `afterimage relay republish TABLE`
  private static let republish = Command(
    "republish", about: "Have a table published again, in a new topic.",
    notes: """
      For a topic that is damaged, was cut, or no longer keeps what a read model needs. The table's relay publishes everything that the table's
      own log keeps in a new topic, at once if it runs, else at its next start. Workers go on there from where they stand; lanes that had stopped
      too. The old topic stays: delete it with Kafka's tools when nobody else reads it.
      """,
    positionals: [.init("TABLE", "The table's name.")],
    options: [
      .init("kafka", value: "BROKERS", "bootstrap.servers of the Kafka that carries the log."),
      NodeOptions.kafkaSet,
      NodeOptions.namespace, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let table = arguments.words[0]
    guard let brokers = arguments.value("kafka") else {
      throw UsageError("name the brokers with --kafka", command: arguments.command)
    }
    let outcome = try await RelayOperations.republish(
      table, brokers: brokers, settings: try NodeOptions.kafkaSettings(arguments),
      namespace: try NodeOptions.namespace(arguments))
    guard !isJSON else {
      var writer = JSONWriter()
      writer.beginObject()
      writer.member("topic", outcome.topic)
      writer.member("old_topic", outcome.oldTopic)
      writer.member("records", outcome.records)
      writer.endObject()
      return Console.line(String(decoding: writer.bytes, as: UTF8.self))
    }
    Console.line("\(table) is published again in the topic \(outcome.topic); \(outcome.records) records were published before")
    Console.line("the topic \(outcome.oldTopic) stays as it is")
  }
}

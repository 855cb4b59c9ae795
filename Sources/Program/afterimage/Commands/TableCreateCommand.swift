internal import Arguments
internal import DynamoModel
internal import PipelineFiles
internal import Pipelines

/// `afterimage table create TABLE` or `--pipeline DIR`
enum TableCreateCommand {
  static let command = Command(
    "create", about: "Make a table, or the tables that a pipeline declares.",
    notes: """
      afterimage table create Chat --key 'PK:S,SK:S' --ttl expires_at --stream
      afterimage table create --pipeline pipelines/chat-rooms --clock history
      A key is a partition attribute and optionally a sort attribute, each with its type: S (string), N (number) or B (bytes).
      With a history clock each write brings its time, until `afterimage table clock TABLE live` ends the history.
      """,
    positionals: [.init("TABLE", "The table's name; not with --pipeline.", count: .optional)],
    options: [
      .init("key", value: "KEY", "The key: 'PK:S' or 'PK:S,SK:S'."),
      .init("pipeline", short: "p", value: "DIR", "Make the tables of this pipeline, with their indexes."),
      NodeOptions.set,
      .init(
        "partitions", value: "N", "Log partitions, fixed for the table's life; otherwise as the pipeline or the server says."),
      .init("clock", value: "CLOCK", "live or history.", default: "live"),
      .init("ttl", value: "ATTRIBUTE", "The attribute that holds an item's expiry in epoch seconds."),
      .init(
        "private", value: "ATTRIBUTE", "An attribute that change records leave out. May be given several times.", repeats: true),
      .init("stream", "Show the table's changes through DynamoDB Streams too, with both images."),
      Commands.endpoint, Commands.authorities, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let clock = try arguments.choice("clock", of: ["live", "history"]) ?? "live"
    let partitions = try arguments.integer("partitions", in: 1...TableDefinition.partitionsMax)
    let server = TableServer(arguments)
    for (definition, wanted) in try definitions(arguments) {
      try await make(definition, partitions: partitions ?? wanted, clock: clock, at: server)
      Console.line(isJSON ? #"{"created":"\#(definition.name)"}"# : "made table \(definition.name)")
    }
  }

  /// The tables to be made, with the number of partitions that a pipeline asks for.
  private static func definitions(_ arguments: ParsedArguments) throws -> [(TableDefinition, Int?)] {
    if let folder = arguments.value("pipeline") {
      guard arguments.words.isEmpty, !arguments.has("key") else {
        throw UsageError("--pipeline says the tables' names and keys itself", command: arguments.command)
      }
      let parameters = try NodeOptions.parameters(arguments)
      let pipeline = try PipelineLoader.load(folder, set: parameters)
      if let problem = parameters.problem(among: [pipeline.name]) { throw UsageError(problem, command: arguments.command) }
      return pipeline.tables.map { table in
        var definition = table.definition
        definition.stream = .newAndOldImages
        return (definition, table.partitions)
      }
    }
    guard let name = arguments.words.first else {
      throw UsageError("TABLE is missing, or --pipeline DIR", command: arguments.command)
    }
    guard let text = arguments.value("key") else {
      throw UsageError("--key is missing: --key 'PK:S,SK:S'", command: arguments.command)
    }
    let definition = TableDefinition(
      name: name, key: try key(text, command: arguments.command), stream: arguments.has("stream") ? .newAndOldImages : nil,
      timeToLive: arguments.value("ttl"), privateAttributes: arguments.all("private"))
    return [(definition, nil)]
  }

  static func key(_ text: String, command: String) throws(UsageError) -> KeySchema {
    var attributes: [KeyAttribute] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: ":", omittingEmptySubsequences: false)
      guard pieces.count == 2, !pieces[0].isEmpty, let type = KeyType(rawValue: String(pieces[1])) else {
        throw UsageError("--key is NAME:TYPE or NAME:TYPE,NAME:TYPE with the types S, N and B, not `\(text)`", command: command)
      }
      attributes.append(KeyAttribute(name: String(pieces[0]), type: type))
    }
    guard attributes.count <= 2 else {
      throw UsageError("a key has a partition attribute and at most one sort attribute, not `\(text)`", command: command)
    }
    return KeySchema(partition: attributes[0], sort: attributes.count == 2 ? attributes[1] : nil)
  }

  private static func make(
    _ definition: TableDefinition, partitions: Int?, clock: String, at server: TableServer
  ) async throws {
    var tags: [(String, String)] = []
    if let partitions { tags.append(("afterimage:partitions", "\(partitions)")) }
    if clock == "history" { tags.append(("afterimage:clock", clock)) }
    if !definition.privateAttributes.isEmpty {
      tags.append(("afterimage:private", definition.privateAttributes.joined(separator: ",")))
    }
    let all = tags
    _ = try await server.call("CreateTable", on: definition.name) { writer in
      writer.name("AttributeDefinitions")
      writer.array(definition.keyAttributes) { writer, attribute in
        writer.members([("AttributeName", attribute.name), ("AttributeType", attribute.type.rawValue)])
      }
      writer.keys(definition.key)
      writer.member("BillingMode", "PAY_PER_REQUEST")
      writer.indexes(definition.indexes.filter { $0.kind == .global }, "GlobalSecondaryIndexes")
      writer.indexes(definition.indexes.filter { $0.kind == .local }, "LocalSecondaryIndexes")
      if let view = definition.stream {
        writer.name("StreamSpecification")
        writer.beginObject()
        writer.member("StreamEnabled", true)
        writer.member("StreamViewType", view.rawValue)
        writer.endObject()
      }
      if !all.isEmpty {
        writer.name("Tags")
        writer.array(all) { $0.members([("Key", $1.0), ("Value", $1.1)]) }
      }
    }
    guard let attribute = definition.timeToLive else { return }
    _ = try await server.call("UpdateTimeToLive", on: definition.name) { writer in
      writer.name("TimeToLiveSpecification")
      writer.beginObject()
      writer.member("Enabled", true)
      writer.member("AttributeName", attribute)
      writer.endObject()
    }
  }
}

extension JSONWriter {
  fileprivate mutating func members(_ members: [(StaticString, String)]) {
    beginObject()
    for (name, value) in members { member(name, value) }
    endObject()
  }

  fileprivate mutating func keys(_ key: KeySchema) {
    name("KeySchema")
    array(key.attributes) { writer, attribute in
      writer.members([("AttributeName", attribute.name), ("KeyType", attribute == key.partition ? "HASH" : "RANGE")])
    }
  }

  fileprivate mutating func indexes(_ indexes: [IndexDefinition], _ member: StaticString) {
    guard !indexes.isEmpty else { return }
    name(member)
    array(indexes) { writer, index in
      writer.beginObject()
      writer.member("IndexName", index.name)
      writer.keys(index.key)
      writer.name("Projection")
      switch index.projection {
      case .all: writer.members([("ProjectionType", "ALL")])
      case .keysOnly: writer.members([("ProjectionType", "KEYS_ONLY")])
      case .include(let names):
        writer.beginObject()
        writer.member("ProjectionType", "INCLUDE")
        writer.name("NonKeyAttributes")
        writer.array(names) { $0.string($1) }
        writer.endObject()
      }
      writer.endObject()
    }
  }
}

internal import DynamoClient
internal import DynamoModel
internal import Foundation

/// Players who talk to bots: a chatbot whose sessions they begin and leave, one that remembers what was said, and one that plays music.
extension DemoPlayers {
  private static let states = ["greeting", "awaiting_address", "awaiting_date", "confirming"]

  /// An interaction of a session, or its end.
  func ask(_ client: DynamoClient, _ turn: Int) async throws {
    guard turn.isMultiple(of: 2) else { return }
    let person = Self.people[Int.random(in: 0..<Self.people.count)]
    let session = "\(person)-\(Int.random(in: 1...2))"
    if Int.random(in: 0..<25) == 0 {
      _ = try await client.call("DeleteItem") { writer in
        writer.member("TableName", "chatbotSessionTable")
        writer.name("Key")
        writer.item(["sessionId": .string(session)])
      }
      return
    }
    try await put(
      client, "chatbotSessionTable",
      [
        "sessionId": .string(session), "userId": .string(person), "lastInteraction": .string(now()),
        "state": .string(Self.states.randomElement() ?? "greeting"),
      ])
  }

  private static let questions = ["what do you know of owls?", "and of the moon?", "tell me more", "who said that?", "thank you"]
  private static let answers = ["they hunt at night", "it is far away", "that is all I know", "I read it", "you are welcome"]

  /// A question and its answer, each a write of the whole list, which keeps the last twenty messages.
  func converse(_ client: DynamoClient, _ turn: Int, _ memories: inout [String: [AttributeValue]]) async throws {
    guard turn.isMultiple(of: 3), let person = Self.people.prefix(8).randomElement() else { return }
    for (kind, texts) in [("human", Self.questions), ("ai", Self.answers)] {
      let message: Item = [
        "type": .string(kind), "data": .map(["content": .string(texts.randomElement() ?? ""), "type": .string(kind)]),
      ]
      memories[person, default: []].append(.map(message))
      memories[person] = memories[person]?.suffix(20)
      try await put(
        client, "SessionTable",
        [
          "SessionId": .string(person), "userId": .string(person), "History": .list(memories[person] ?? []),
          "expireAt": .number(Number(Int64(Date().timeIntervalSince1970) + 60)),
        ])
    }
  }

  private static let servers: [Int64] = [1_012_345_678_901_234_567, 1_012_345_678_901_234_568]
  private static let remembered = [
    ("meeting", "tomorrow at ten"), ("wifi", "behind the clock"), ("meet the team", "on Friday"), ("lunch", "the green place"),
  ]

  func teach(_ client: DynamoClient) async throws {
    for server in Self.servers {
      for (key, value) in Self.remembered {
        try await put(
          client, "remember",
          ["discord_server_id": .number(Number(server)), "rem_key": .string(key), "rem_value": .string(value)])
      }
    }
  }

  /// A song and a command that is counted, at times a sparkle, and now and then what a bot writes of all its commands.
  func listen(_ client: DynamoClient, _ turn: Int) async throws {
    guard turn.isMultiple(of: 3) else { return }
    let server = AttributeValue.number(Number(Self.servers.randomElement() ?? 1))
    let person = Self.people[min(Int.random(in: 0..<Self.people.count), Int.random(in: 0..<Self.people.count))]
    try await put(
      client, "play_event",
      [
        "discord_server_id": server, "event": .string("\(now())#\(turn)"), "user_id": .string(person),
        "song_duration": .number(Number(Int64.random(in: 90...420))),
      ])
    if turn.isMultiple(of: 9) {
      _ = try await client.call("UpdateItem") { writer in
        writer.member("TableName", "sparkle")
        writer.name("Key")
        writer.item(["discord_server_id": server, "discord_handle": .string(person)])
        writer.member("UpdateExpression", "SET sparkle_reasons = :none ADD total_sparkles :one")
        writer.name("ExpressionAttributeValues")
        writer.item([":one": .number(Number(1)), ":none": .string("")])
      }
    }
    if let command = ["rem", "play_stats", "sparkle"].randomElement() {
      _ = try await client.call("UpdateItem") { writer in
        writer.member("TableName", "command_count")
        writer.name("Key")
        writer.item(["bot": .string("errbot"), "command": .string(command)])
        writer.member("UpdateExpression", "ADD times :one")
        writer.name("ExpressionAttributeValues")
        writer.item([":one": .number(Number(1))])
      }
    }
    if turn.isMultiple(of: 15) {
      let counts = ["play", "rem", "sparkle", "stats", "tts"].enumerated().map { "\"\($1)\":\(turn / ($0 + 2))" }
      try await put(client, "botdata", ["key": .string("errbot-old"), "value": .string("{\(counts.joined(separator: ","))}")])
    }
  }
}

internal import Assembly
internal import DynamoClient
internal import DynamoModel
internal import Foundation

/// Believable users for `dev --demo`: people who join rooms, talk, thank each other and fall silent; customers who log in; players who
/// finish games; teams with projects. Everything goes through the public table API.
struct DemoPlayers {
  let endpoint: String
  let pipelines: [String]

  static let people = [
    "ana", "ben", "chidi", "dora", "emre", "fatima", "goran", "hana", "ivo", "jun", "kofi", "lena", "mara", "nils", "olu", "pia",
  ]
  private static let titles = ["Bold", "Quick", "Patient", "Lucky", "Great"]
  private static let rooms = ["music", "swift", "cooking", "films", "help"]
  private static let lines = [
    "hello!", "does anybody know how to restore a backup?", "try the log first", "I like that record", "that worked",
    "the new release is out", "who is coming tonight?", "back in a minute", "it sorts by time now", "good morning",
  ]

  func run() async throws {
    let client = DynamoClient(endpoint: endpoint)
    if pipelines.contains("chat-rooms") { try await openRooms(client) }
    if pipelines.contains("game-scores") { try await signUp(client) }
    if pipelines.contains("direct-messages") { try await introduce(client) }
    if pipelines.contains("mini-jira") { try await hire(client) }
    if pipelines.contains("errbot") { try await teach(client) }
    var memories: [String: [AttributeValue]] = [:]
    var turn = 0
    while !Task.isCancelled {
      turn += 1
      do {
        if pipelines.contains("chat-rooms") { try await talk(client, turn) }
        if pipelines.contains("game-scores") { try await play(client, turn) }
        if pipelines.contains("direct-messages") { try await converse(client, turn) }
        if pipelines.contains("mini-jira") { try await labour(client, turn) }
        if pipelines.contains("chatbot-sessions") { try await ask(client, turn) }
        if pipelines.contains("chat-memory") { try await converse(client, turn, &memories) }
        if pipelines.contains("errbot") { try await listen(client, turn) }
        try await logIn(client, turn)
      } catch let error as ClientError where error.isPassing {
        if Task.isCancelled { return }
      }
      try await Task.sleep(for: .milliseconds(Int.random(in: 40...180)))
    }
  }

  func put(_ client: DynamoClient, _ table: String, _ item: Item) async throws {
    _ = try await client.call("PutItem") { writer in
      writer.member("TableName", table)
      writer.name("Item")
      writer.item(item)
    }
  }

  func now() -> String { Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }

  private func openRooms(_ client: DynamoClient) async throws {
    for (index, room) in Self.rooms.enumerated() {
      try await put(
        client, "Chat", ["PK": .string("Room:\(room)"), "SK": .string("meta"), "CreatedBy": .string(Self.people[index])])
      for person in Self.people.shuffled().prefix(6) {
        try await put(client, "Chat", ["PK": .string("User:\(person)"), "SK": .string("Join:\(room)")])
      }
    }
  }

  /// Players give themselves names, most of them.
  private func signUp(_ client: DynamoClient) async throws {
    for person in Self.people.dropLast(3) {
      try await put(
        client, "GameScores",
        [
          "PK": .string("Player:\(person)"), "SK": .string("profile"),
          "Name": .string("\(person.capitalized) the \(Self.titles.randomElement() ?? "Great")"),
        ])
    }
  }

  private func talk(_ client: DynamoClient, _ turn: Int) async throws {
    // Some people talk far more than others.
    let person = Self.people[min(Int.random(in: 0..<Self.people.count), Int.random(in: 0..<Self.people.count))]
    let other = Self.people.randomElement() ?? "ben"
    let text = Int.random(in: 0..<5) == 0 && other != person ? "\(other): thanks, that helped" : Self.lines.randomElement() ?? ""
    let time = now()
    try await put(
      client, "Chat",
      [
        "PK": .string("User:\(person)"), "SK": .string("\(time)#\(turn)"),
        "RoomID": .string(Self.rooms.randomElement() ?? "help"),
        "CreatedAt": .string(time), "Comment": .string(text),
      ])
  }

  private func play(_ client: DynamoClient, _ turn: Int) async throws {
    guard turn.isMultiple(of: 3) else { return }
    let game = ["tetra", "pinball", "chess960"].randomElement() ?? "tetra"
    let score = Int64.random(in: 1...100) * Int64.random(in: 1...100)
    try await put(
      client, "GameScores",
      [
        "PK": .string("Player:\(Self.people.randomElement() ?? "ana")"), "SK": .string("Play:\(game)#\(now())#\(turn)"),
        "Score": .number(Number(score)),
      ])
  }

  private func logIn(_ client: DynamoClient, _ turn: Int) async throws {
    guard turn.isMultiple(of: 4) else { return }
    let tables = ["session-store", "session-store-single"].filter { pipelines.contains($0) }
    let customer = Int.random(in: 1...12)
    let session = "suuid#demo\(customer)-\(Int.random(in: 1...3))"
    for table in tables {
      try await put(
        client, table.replacing("-", with: "_"),
        [
          "PK": .string(session), "SK": .string("c#\(customer)"),
          "session_state": .string(Int.random(in: 0..<8) == 0 ? "closing" : "active"),
          "last_login_time": .string(String(now().prefix(19))), "access_token": .string("secret-\(turn)"),
        ])
    }
  }
}

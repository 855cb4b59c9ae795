internal import DynamoClient
internal import DynamoModel
internal import Foundation

/// Players who write to each other, and players who work on projects.
extension DemoPlayers {
  /// Who talks with whom: neighbours in the list, and some who know everybody.
  static let pairs: [(String, String)] =
    zip(people, people.dropFirst()).map { ($0, $1) } + people.dropFirst(2).map { (people[0], $0) }

  private static let messages = [
    "are you there?", "yes", "have you seen the new board?", "I will look at it tonight", "that was quick", "see you at six",
    "not today",
    "who has the key?", "I do", "thanks!",
  ]

  /// People with handles, and for each pair a conversation: two rows that are never written again.
  func introduce(_ client: DynamoClient) async throws {
    for person in Self.people {
      try await put(
        client, "cruddur-users",
        ["user_uuid": .string("u-\(person)"), "display_name": .string(person.capitalized), "handle": .string(person)])
    }
    for (one, other) in Self.pairs {
      for (me, they) in [(one, other), (other, one)] {
        try await put(
          client, "cruddur-messages",
          [
            "pk": .string("GRP#u-\(me)"), "sk": .string("2026-01-01T00:00:00Z#\(one)-\(other)"),
            "message_group_uuid": .string("\(one)-\(other)"), "user_uuid": .string("u-\(they)"),
          ])
      }
    }
  }

  func converse(_ client: DynamoClient, _ turn: Int) async throws {
    guard turn.isMultiple(of: 2), let (one, other) = Self.pairs.randomElement() else { return }
    let id = "\(turn)-\(UInt32.random(in: 0 ... .max))"
    try await put(
      client, "cruddur-messages",
      [
        "pk": .string("MSG#\(one)-\(other)"), "sk": .string("\(now())#\(id)"), "message_uuid": .string(id),
        "message": .string(Self.messages.randomElement() ?? ""), "user_uuid": .string("u-\(Bool.random() ? one : other)"),
      ])
  }

  static let projects = ["garden", "website", "party"]
  private static let states = ["todo", "inprogress", "review", "done"]
  private static let work = [
    "order the seeds", "mend the fence", "write the first page", "choose the colours", "invite everybody", "find a room",
    "count the chairs",
    "test the links", "water the trees", "book the band",
  ]

  func hire(_ client: DynamoClient) async throws {
    for person in Self.people {
      try await put(
        client, "employee",
        ["email": .string("\(person)@example.com"), "username": .string(person), "password": .string("secret-\(person)")])
    }
    for (index, project) in Self.projects.enumerated() {
      let team = Self.people.shuffled().prefix(5).map { AttributeValue.string("\($0)@example.com") }
      try await put(
        client, "projects",
        [
          "projectkey": .string(project), "projectname": .string("The \(project)"),
          "projectmanager": .string("\(Self.people[index])@example.com"),
          "createdby": .string("\(Self.people[index])@example.com"),
          "groupmembers": .list(team),
        ])
      try await put(
        client, "stories",
        ["projectkey": .string(project), "storyid": .string("S1"), "storydescription": .string("everybody likes the \(project)")])
    }
  }

  /// A task is new or moves, and now and then somebody remarks on it.
  func labour(_ client: DynamoClient, _ turn: Int) async throws {
    guard turn.isMultiple(of: 3) else { return }
    let project = Self.projects.randomElement() ?? "garden"
    let task = "T\(Int.random(in: 1...30))"
    let assignee = "\(Self.people[min(Int.random(in: 0..<Self.people.count), Int.random(in: 0..<Self.people.count))])@example.com"
    try await put(
      client, "tasks",
      [
        "projectkey": .string(project), "taskid": .string(task), "taskdescription": .string(Self.work.randomElement() ?? ""),
        "assignedto": .string(assignee), "taskstatus": .string(Self.states.randomElement() ?? "todo"),
      ])
    guard turn.isMultiple(of: 9) else { return }
    try await put(
      client, "comments",
      [
        "projectkey": .string(project), "commentid": .string("C\(turn)"), "commentedby": .string(assignee),
        "comment": .string("looks good"), "taskid": .string(task), "commentedat": .string(now()),
      ])
  }
}

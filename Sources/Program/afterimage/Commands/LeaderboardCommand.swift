internal import Arguments
internal import DynamoModel

/// `afterimage leaderboard PIPELINE BOARD top|rank|around|count`
enum LeaderboardCommand {
  static let questions = ["top", "rank", "around", "count"]

  static let command = Command(
    "leaderboard", about: "Ask a leaderboard: the best, one member's rank, its neighbours, how many there are.",
    notes: """
      afterimage leaderboard chat-rooms talkers_ever top --limit 3
      afterimage leaderboard chat-rooms talkers_by_day rank --board 2026-01-01 --member ana
      """,
    positionals: [
      .init("PIPELINE", "The pipeline."), .init("LEADERBOARD", "The leaderboard."),
      .init("QUESTION", "top, rank, around or count; top if none is given.", count: .optional),
    ],
    options: [
      .init("board", value: "VALUE", "Which board, one for each of the columns that name it; the latest if none is given."),
      .init("member", value: "MEMBER", "The member, for rank and around."),
      .init("limit", value: "N", "At most this many members, for top."),
      .init("offset", value: "N", "Skip this many members, for top."),
      .init("radius", value: "N", "How many neighbours on either side, for around."), PageServer.atLeast, PageServer.option,
      PageServer.tokenFile, Commands.authorities,
      Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let question = arguments.words.count > 2 ? arguments.words[2] : "top"
    guard questions.contains(question) else {
      throw UsageError("QUESTION is one of \(questions.joined(separator: ", ")), not `\(question)`", command: arguments.command)
    }
    var parameters = arguments.all("board").map { (name: "board", value: $0) } + PageServer.atLeast(arguments)
    let allowed = ["top": ["limit", "offset"], "rank": ["member"], "around": ["member", "radius"], "count": []][question] ?? []
    for option in ["limit", "offset", "member", "radius"] {
      guard let value = arguments.value(option) else { continue }
      guard allowed.contains(option) else { throw UsageError("--\(option) is not for \(question)", command: arguments.command) }
      parameters.append((option, value))
    }
    if allowed.contains("member"), !arguments.has("member") {
      throw UsageError("--member is missing: whose \(question)?", command: arguments.command)
    }
    let path = [arguments.words[0], "leaderboards", arguments.words[1], question]
    let tape = try await PageServer(arguments).get(path, parameters)
    isJSON ? Console.line(tape.text(tape.root)) : print(tape, question)
  }

  private static func print(_ tape: JSONTape, _ question: String) {
    let board = tape.elements(tape.root, "board").map { PageServer.cell(tape, $0) }
    if !board.isEmpty { Console.line("board \(board.joined(separator: ", "))") }
    let count = tape.text(tape.root, "count")
    if question != "count" {
      let members = tape.elements(tape.root, "members")
      var shown: [String] = []
      if let show = members.first.flatMap({ tape.member($0, "show") }) {
        tape.forEachMember(show) { name, _ in shown.append(tape.string(name)) }
      }
      let rows = members.map { member in
        let show = tape.member(member, "show")
        let cells =
          ["rank", "member", "score", "reached_at"].map { tape.member(member, $0) }
          + shown.map { name in show.flatMap { tape.member($0, name) } }
        return cells.map { $0.map { PageServer.cell(tape, $0) } ?? "" }
      }
      Console.line(rows.isEmpty ? "nobody" : Console.table(["rank", "member", "score", "reached at"] + shown, rows))
      Console.line("")
    }
    Console.line(PageServer.validity(tape, count == "1" ? "1 member" : "\(count) members"))
  }
}

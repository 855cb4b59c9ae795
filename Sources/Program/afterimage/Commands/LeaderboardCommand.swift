internal import Arguments
internal import DynamoModel

/// `afterimage leaderboard PIPELINE BOARD top|range|rank|around|count`
enum LeaderboardCommand {
  static let questions = ["top", "range", "rank", "around", "count"]

  static let command = Command(
    "leaderboard", about: "Ask a leaderboard: the best, one member's rank, its neighbours, how many there are.",
    notes: """
      afterimage leaderboard chat-rooms talkers_ever top --limit 3
      afterimage leaderboard chat-rooms talkers_by_day rank --board 2026-01-01 --member ana
      """,
    positionals: [
      .init("PIPELINE", "The pipeline."), .init("LEADERBOARD", "The leaderboard."),
      .init("QUESTION", "top, range, rank, around or count; top if none is given.", count: .optional),
    ],
    options: [
      .init("board", value: "VALUE", "Which board, one for each of the columns that name it; the latest if none is given."),
      .init("member", value: "MEMBER", "The member, for rank and around."),
      .init("limit", value: "N", "At most this many members, for top and range."),
      .init("offset", value: "N", "Skip this many members, for top."),
      .init("from", value: "RANK", "The first rank, for range."), .init("to", value: "RANK", "The last rank, for range."),
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
    let allowed =
      [
        "top": ["limit", "offset"], "range": ["from", "to", "limit"], "rank": ["member"], "around": ["member", "radius"],
        "count": [],
      ][question] ?? []
    for option in ["limit", "offset", "from", "to", "member", "radius"] {
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
      let (names, rows) = (head(tape, members.first), members.map { cells(tape, $0) })
      Console.line(rows.isEmpty ? "nobody" : Console.table(names, rows))
      Console.line("")
    }
    Console.line(PageServer.validity(tape, count == "1" ? "1 member" : "\(count) members"))
  }

  /// What the columns are called: a member's values, and in place of `columns` and `show` what is in them.
  private static func head(_ tape: JSONTape, _ member: Int?) -> [String] {
    var names: [String] = []
    forEachCell(tape, member) { name, _ in names.append(name == "reached_at" ? "reached at" : name) }
    return names
  }

  private static func cells(_ tape: JSONTape, _ member: Int) -> [String] {
    var cells: [String] = []
    forEachCell(tape, member) { _, value in cells.append(PageServer.cell(tape, value)) }
    return cells
  }

  private static func forEachCell(_ tape: JSONTape, _ member: Int?, _ body: (String, Int) -> Void) {
    guard let member else { return }
    tape.forEachMember(member) { name, value in
      let name = tape.string(name)
      guard name == "columns" || name == "show" else { return body(name, value) }
      tape.forEachMember(value) { body(tape.string($0), $1) }
    }
  }
}

internal import Pipelines
internal import YAML

/// A score as it is written: `count`, `sum(points)`, `min(seconds) asc`.
struct ScoreSyntax {
  let function: Leaderboard.Function
  let argument: ExpressionSyntax?
  let direction: Leaderboard.Direction
  let node: YAMLNode

  /// The type of the score; `input` is that of what it reads.
  func type(_ input: ValueType?) -> ValueType {
    switch function {
    case .count, .distinct: .integer
    case .avg: .decimal
    case .sum, .max, .min, .last: input ?? .integer
    }
  }
}

extension CheckedItems {
  /// The scores of a leaderboard with their directions: an own word's, or else that of `direction`. Empty when there is none that can be read.
  func readScores(_ reader: MappingReader) -> [ScoreSyntax] {
    let directions = ["desc": Leaderboard.Direction.descending, "asc": .ascending]
    let common: Leaderboard.Direction? = word(reader, "direction", directions)
    guard let node = reader.require("score") else { return [] }
    let nodes = node.sequence ?? [node]
    if nodes.isEmpty { findings.add(node.mark, "a leaderboard needs a score") }
    if nodes.count > Leaderboard.scoresMax {
      findings.add(
        nodes[Leaderboard.scoresMax].mark,
        "a leaderboard has at most \(Leaderboard.scoresMax) scores, and here are \(nodes.count)")
    }
    let read = nodes.prefix(Leaderboard.scoresMax).compactMap { node in
      findings.text(node, "a score").flatMap { readScore($0, node, directions) }.map { (syntax: $0, node: node) }
    }
    if let common, !read.isEmpty, let direction = reader.take("direction") {
      if read.count == 1, let own = read[0].syntax.direction, own != common {
        findings.add(direction.mark, "`direction: \(common.rawValue)` contradicts `\(own.rawValue)`, which the score says itself")
      } else if read.count > 1, read.allSatisfy({ $0.syntax.direction != nil }) {
        findings.add(direction.mark, "`direction` has no effect here: every score has its own")
      }
    }
    return read.map { score, node in
      ScoreSyntax(
        function: score.function, argument: score.argument, direction: score.direction ?? common ?? .descending, node: node)
    }
  }

  private typealias Read = (
    function: Leaderboard.Function, argument: ExpressionSyntax?, direction: Leaderboard.Direction?
  )

  private func readScore(_ text: String, _ node: YAMLNode, _ directions: [String: Leaderboard.Direction]) -> Read? {
    findings.found(node) { () throws(SyntaxFailure) in
      let known = Leaderboard.Function.allCases.map(\.rawValue)
      var parser = try ExpressionParser(text, findings)
      let word = try parser.name("a score (count, \(known.dropFirst().map { "\($0)(x)" }.joined(separator: ", ")))")
      guard let function = Leaderboard.Function(rawValue: word.text) else {
        throw SyntaxFailure(
          offset: word.offset, message: "`\(word.text)` is not a score\(Suggestion.text(for: word.text, among: known))")
      }
      var argument: ExpressionSyntax?
      if function != .count {
        try parser.expect(sign: "(")
        argument = try parser.expression()
        try parser.expect(sign: ")")
      }
      let direction = parser.current.kind == .word ? directions[parser.current.text] : nil
      if direction != nil { parser.advance() }
      try parser.expectEnd()
      return (function, argument, direction)
    }
  }

  /// `type` is that of what the score reads, or integer.
  func checkScore(_ score: ScoreSyntax, _ type: ValueType, isOverItems: Bool, _ ties: Leaderboard.Ties) {
    let mark = score.node.mark
    switch score.function {
    case .last where isOverItems:
      findings.add(mark, "`last` is for changes, and this is over items: use `each`, or `max`, `min`, `sum`, `avg` or `count`")
    case .distinct where isOverItems && ties == .firstToReach:
      findings.add(
        mark,
        "over items nobody is the first to reach a number of different values: use `each`, or other `ties` (competition, dense, modified, fractional)"
      )
    default: break
    }
    let isTaken =
      switch score.function {
      case .count, .distinct: true
      case .max, .min, .last: type.isNumeric || type == .timestamp
      case .sum, .avg: type.isNumeric
      }
    if !isTaken {
      findings.add(mark, "a score is an integer or decimal (or a timestamp, for max, min, last), and this is \(type.rawValue)")
    }
  }
}

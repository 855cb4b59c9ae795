internal import Pipelines
internal import YAML

/// The value of `sql`: one text for every store, or a mapping with one for each.
struct SQLTexts {
  typealias Text = (text: String, node: YAMLNode)

  let sqlite: Text
  /// Nil where one text is for all.
  let postgres: Text?

  /// Nil, with a finding, when a text is missing.
  init?(_ reader: MappingReader, _ findings: Findings) {
    guard let node = reader.require("sql") else { return nil }
    guard node.mapping != nil else {
      guard let text = findings.text(node, "`sql`") else { return nil }
      sqlite = (text, node)
      postgres = nil
      return
    }
    guard let texts = MappingReader(node, Grammar.sqlTexts, findings) else { return nil }
    let all = SQLDialect.allCases.map { texts.requireText($0.rawValue) }
    guard let sqlite = all[0], let postgres = all[1] else { return nil }
    self.sqlite = sqlite
    self.postgres = postgres
  }

  var sql: QuerySQL {
    func place(_ text: Text) -> QuerySQL.Place { .init(line: text.node.mark.line, column: text.node.mark.column) }
    guard let postgres else { return QuerySQL(sqlite.text, at: place(sqlite)) }
    return QuerySQL(sqlite: sqlite.text, postgres: postgres.text, at: (place(sqlite), place(postgres)))
  }
}

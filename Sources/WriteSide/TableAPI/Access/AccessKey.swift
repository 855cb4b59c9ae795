/// What an operation does to a table, and so what a key must be allowed.
package enum AccessKind: String, Sendable, CaseIterable {
  case read
  case write
  /// Tables come, change and go; also tags, policies, backups.
  case admin
}

/// A key pair of a client, and what it may do.
package struct AccessKey: Sendable {
  package let id: String
  let secret: String
  /// A request with this key must bring it in X-Amz-Security-Token; nil when the key has none.
  let sessionToken: String?
  let rules: [Rule]

  /// Kinds of access to the tables whose names match one of the patterns, in which `*` stands for anything.
  struct Rule: Sendable {
    let tables: [String]
    let kinds: Set<AccessKind>
  }

  /// A key that may do everything.
  package init(id: String, secret: String) {
    self.init(id: id, secret: secret, sessionToken: nil, rules: [Rule(tables: ["*"], kinds: Set(AccessKind.allCases))])
  }

  init(id: String, secret: String, sessionToken: String?, rules: [Rule]) {
    self.id = id
    self.secret = secret
    self.sessionToken = sessionToken
    self.rules = rules
  }

  func allows(_ kind: AccessKind, _ table: String) -> Bool {
    rules.contains { rule in rule.kinds.contains(kind) && rule.tables.contains { AccessKey.matches(table, $0) } }
  }

  /// Whether one rule allows admin access to every table.
  var allowsEverything: Bool { rules.contains { $0.kinds.contains(.admin) && $0.tables.contains("*") } }

  private static func matches(_ name: String, _ pattern: String) -> Bool {
    let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    guard parts.count > 1, let first = parts.first, let last = parts.last else { return name.utf8.elementsEqual(pattern.utf8) }
    var rest = Array(name.utf8)[...]
    guard rest.starts(with: first) else { return false }
    rest = rest.dropFirst(first.count)
    guard rest.count >= last.count, rest.suffix(last.count).elementsEqual(last) else { return false }
    rest = rest.dropLast(last.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let place = rest.indices.first(where: { rest[$0...].starts(with: part) }) else { return false }
      rest = rest[(place + part.count)...]
    }
    return true
  }
}

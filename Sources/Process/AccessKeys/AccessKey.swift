/// What an operation does to a table, and so what a key must be allowed.
package enum AccessKind: String, Sendable, CaseIterable {
  case read
  case write
  /// Tables come, change and go; also tags, policies, backups.
  case admin
}

/// What a request does with a pipeline. Neither implies the other, as with tables: who only operates does not see rows.
package enum PipelineAccess: String, Sendable, CaseIterable {
  /// Everything that only reads: queries, boards, sessions, state, dead letters, the list of effects, the page.
  case query
  /// Everything that changes something: rebuilds, and what is done about effects.
  case operate
}

/// An entry of the file of keys: what a client proves itself with, and what it may do.
///
/// A secret signs requests to the table API, a token is sent with requests to the query API and the page. An entry has one of them or both.
package struct AccessKey: Sendable, CustomStringConvertible {
  package let id: String
  /// Nil for a key that signs nothing.
  package let secret: String?
  /// A signed request with this key must bring it in X-Amz-Security-Token; nil when the key has none.
  package let sessionToken: String?
  /// Nil for a key that does not reach pipelines.
  package let token: TokenDigest?
  private let tableRules: [Rule<AccessKind>]
  private let pipelineRules: [Rule<PipelineAccess>]

  /// Kinds of access to what has a name that matches one of the patterns, in which `*` stands for anything.
  package struct Rule<Kind: Hashable & Sendable>: Sendable {
    let names: [String]
    let kinds: Set<Kind>

    package init(names: [String], kinds: Set<Kind>) {
      self.names = names
      self.kinds = kinds
    }

    func allows(_ kind: Kind, _ name: String) -> Bool {
      kinds.contains(kind) && names.contains { NamePattern.matches(name, $0) }
    }

    func allowsAll(_ kind: Kind) -> Bool { kinds.contains(kind) && names.contains("*") }
  }

  /// A key pair that may do everything to tables.
  package init(id: String, secret: String) {
    self.init(id: id, secret: secret, tables: [Rule(names: ["*"], kinds: Set(AccessKind.allCases))])
  }

  /// A key as the file has it. `tables` are the rules for tables, `pipelines` those for pipelines.
  package init(
    id: String, secret: String? = nil, sessionToken: String? = nil, token: TokenDigest? = nil, tables: [Rule<AccessKind>] = [],
    pipelines: [Rule<PipelineAccess>] = []
  ) {
    self.id = id
    self.secret = secret
    self.sessionToken = sessionToken
    self.token = token
    tableRules = tables
    pipelineRules = pipelines
  }

  /// Shows no secret.
  package var description: String { "the key \(id)" }

  /// Whether a rule allows this kind of access to the table.
  package func allows(_ kind: AccessKind, _ table: String) -> Bool { tableRules.contains { $0.allows(kind, table) } }

  /// Whether one rule allows admin access to every table.
  package var allowsEverything: Bool { tableRules.contains { $0.allowsAll(.admin) } }

  /// Whether a rule allows this kind of access to the pipeline.
  package func allows(_ access: PipelineAccess, pipeline: String) -> Bool {
    pipelineRules.contains { $0.allows(access, pipeline) }
  }

  /// Whether one rule allows this kind of access to every pipeline, whatever its name.
  package func allowsAll(_ access: PipelineAccess) -> Bool { pipelineRules.contains { $0.allowsAll(access) } }

  /// Whether the key may know that the pipeline exists.
  package func sees(pipeline: String) -> Bool { PipelineAccess.allCases.contains { allows($0, pipeline: pipeline) } }
}

import AccessKeys
import RandomTestKit
import Testing

@testable import QueryAPI

/// Who may do what, and from where.
@Suite struct RequiredAccessTests {
  private static let token = TokenDigest("0123456789abcdef01234567")

  private static func key(_ rules: [(names: [String], kinds: Set<PipelineAccess>)]) -> AccessKey {
    AccessKey(id: "ana", token: token, pipelines: rules.map { .init(names: $0.names, kinds: $0.kinds) })
  }

  private static var session: PageSession {
    var random = SeededGenerator(seed: 1)
    return PageSession(token, now: 0, using: &random)
  }

  private static let ownPage = RequestOrigin(host: "h:1", origin: "http://h:1", fetchSite: "same-origin")

  @Test func `a refusal names the key, the access and the pipeline`() {
    let caller = Caller(key: Self.key([(["chat-*"], [.query])]))
    func said(_ access: RequiredAccess, _ pipeline: String?) -> String? {
      access.refusal(caller, pipeline: pipeline, isChange: false, from: RequestOrigin())?.description
    }
    #expect(said(.pipeline(.query), "chat-rooms") == nil && said(.anyKey, nil) == nil && said(.nothing, nil) == nil)
    #expect(
      said(.pipeline(.operate), "chat-rooms")
        == "Forbidden: no rule of the key ana allows operate access to the pipeline chat-rooms")
    #expect(said(.pipeline(.query), "games") == "Forbidden: no rule of the key ana allows query access to the pipeline games")
    #expect(said(.everyPipeline(.query), nil) == "Forbidden: no rule of the key ana allows query access to all pipelines (`*`)")
    #expect(said(.pipeline(.query), nil) != nil)
  }

  @Test func `operate does not imply query, nor query operate`() {
    for (held, other) in [(PipelineAccess.operate, PipelineAccess.query), (.query, .operate)] {
      let key = Self.key([(["*"], [held])])
      #expect(
        RequiredAccess.pipeline(held).isGiven(by: key, pipeline: "p")
          && RequiredAccess.everyPipeline(held).isGiven(by: key, pipeline: nil))
      #expect(!RequiredAccess.pipeline(other).isGiven(by: key, pipeline: "p"))
      #expect(!RequiredAccess.everyPipeline(other).isGiven(by: key, pipeline: nil))
    }
  }

  /// What a browser sends for a page, and whether the page is ours.
  static let origins: [(name: String, origin: RequestOrigin, isOwn: Bool, isForeign: Bool)] = [
    ("our page", ownPage, true, false),
    ("our page, over a connection that is not trusted", .init(host: "h:1", origin: "http://h:1"), true, false),
    ("our page, under TLS", .init(host: "h", origin: "https://h", fetchSite: "same-origin"), true, false),
    ("our page, with nothing but the metadata", .init(host: "h:1", fetchSite: "same-origin"), true, false),
    ("another site", .init(host: "h:1", origin: "http://evil.test", fetchSite: "cross-site"), false, true),
    ("another site, over a connection that is not trusted", .init(host: "h:1", origin: "http://evil.test"), false, true),
    ("another port of this host", .init(host: "h:1", origin: "http://h:2", fetchSite: "same-site"), false, true),
    ("another port, in an old browser", .init(host: "h:1", origin: "http://h:2"), false, true),
    ("a page from a file, or in a sandbox", .init(host: "h:1", origin: "null", fetchSite: "cross-site"), false, true),
    ("a sandbox within our page", .init(host: "h:1", origin: "null", fetchSite: "same-origin"), false, true),
    ("typed by the user", .init(host: "h:1", fetchSite: "none"), false, true),
    ("metadata that contradict", .init(host: "h:1", origin: "http://h:1", fetchSite: "cross-site"), false, true),
    ("a host that is not named", .init(origin: "http://h:1"), false, true),
    ("a program", .init(host: "h:1"), false, false),
  ]

  @Test(arguments: origins.indices) func `with a cookie only our own page changes anything, and with a token every program`(
    _ index: Int
  ) {
    let (name, origin, isOwn, isForeign) = Self.origins[index]
    #expect(origin.isOwnPage == isOwn && origin.isForeignPage == isForeign, "\(name)")
    let key = Self.key([(["*"], [.query, .operate])])
    for access in [RequiredAccess.pipeline(.operate), .pipeline(.query), .anyKey] {
      func refusal(_ session: PageSession?, isChange: Bool) -> QueryError.Code? {
        access.refusal(Caller(key: key, session: session), pipeline: "p", isChange: isChange, from: origin)?.code
      }
      #expect(refusal(Self.session, isChange: true) == (isOwn ? nil : .forbiddenOrigin), "\(name)")
      #expect(refusal(Self.session, isChange: false) == nil && refusal(nil, isChange: true) == nil, "\(name)")
    }
  }

  @Test func `random rules, callers and requests are decided as a plain model decides them`() {
    let names = ["a", "b", "ab", "c"]
    for seed in UInt64(1)...200 {
      var random = SeededGenerator(seed: seed)
      let rules = (0..<Int.random(in: 0...3, using: &random)).map { _ in
        (
          names: (0..<Int.random(in: 0...2, using: &random)).map { _ in
            ["*", "a", "b", "a*", "*b"].randomElement(using: &random) ?? "*"
          },
          kinds: Set(PipelineAccess.allCases.filter { _ in Bool.random(using: &random) })
        )
      }
      let key = Self.key(rules)
      // Every pipeline that a pattern stands for, written out.
      func stands(_ pattern: String, for name: String) -> Bool {
        switch pattern {
        case "*": true
        case "a*": name == "a" || name == "ab"
        case "*b": name == "b" || name == "ab"
        default: pattern == name
        }
      }
      for _ in 0..<20 {
        let name = names.randomElement(using: &random) ?? "a"
        let kind: PipelineAccess = Bool.random(using: &random) ? .query : .operate
        let session = Bool.random(using: &random) ? Self.session : nil
        let (_, origin, isOwn, _) = Self.origins.randomElement(using: &random) ?? Self.origins[0]
        let isChange = Bool.random(using: &random)
        let isHeld = rules.contains { rule in rule.kinds.contains(kind) && rule.names.contains { stands($0, for: name) } }
        let isHeldOfAll = rules.contains { $0.kinds.contains(kind) && $0.names.contains("*") }
        let isForged = isChange && session != nil && !isOwn
        for (access, isAllowed) in [
          (RequiredAccess.pipeline(kind), isHeld), (.everyPipeline(kind), isHeldOfAll), (.anyKey, true), (.nothing, true),
        ] {
          let code = access.refusal(Caller(key: key, session: session), pipeline: name, isChange: isChange, from: origin)?.code
          #expect(
            code == (isForged ? .forbiddenOrigin : isAllowed ? nil : .forbidden), "seed \(seed): \(access) \(name) \(rules)")
        }
      }
    }
  }
}

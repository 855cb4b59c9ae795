import Testing

/// How functions are declared, and which options texts may name.
@Suite struct HouseRulesTests {
  static let unlabelledMax = 3

  private static func declarations() throws -> [(file: String, declaration: FunctionDeclaration)] {
    try SourceTree.files(["Sources/"]).flatMap { file in
      FunctionDeclaration.all(in: file).map { (file.path, $0) }
    }
  }

  @Test func `a function has at most three parameters without a label`() throws {
    let all = try Self.declarations()
    #expect(all.count > 2_000, "declarations are not read as they are written")
    for (file, one) in all {
      #expect(one.unlabelled <= Self.unlabelledMax, "\(file):\(one.line) \(one.name) has \(one.unlabelled)")
    }
  }

  /// Initializers that store each parameter in the property of its name, operators, and what carries out a protocol's requirement have their
  /// contract elsewhere.
  @Test func `what crosses a module's border and takes more than one parameter has a doc comment`() throws {
    let all = try Self.declarations()
    let requirements = Set(
      all.filter { $0.declaration.isRequirement && $0.declaration.hasDocComment }.map(\.declaration.signature))
    #expect(requirements.count > 20, "protocols are not read as they are written")
    for (file, one) in all where one.isPackage && one.parameters.count > 1 && !one.isMemberwise && !one.isOperator {
      #expect(
        one.hasDocComment || requirements.contains(one.signature), "\(file):\(one.line) \(one.signature) has no doc comment")
    }
  }

  @Test func `errors, help and guides name only options that exist`() throws {
    let declaration = /(?:\.init|Option)\(\s*"([a-z-]+)"/
    var options: Set<String> = ["help", "version"]
    for file in try SourceTree.files(["Sources/Program/afterimage/"]) {
      for match in file.text.matches(of: declaration) { options.insert(String(match.1)) }
    }
    #expect(options.count > 40, "the commands are not read as they are written")
    let guides = try SourceTree.files(["README.md", "Sources/", "pipelines/", "deploy/", ".github/"], ending: ".md")
    // Variables of the page's style sheet look the same, and the benchmarks start other programs.
    let sources = try SourceTree.files(["Sources/"]).filter {
      !$0.path.hasSuffix("PageStyle.swift") && !$0.path.hasPrefix("Sources/Program/afterimage-bench/")
    }
    for file in guides + sources {
      // kubectl has options of its own.
      for (number, line) in file.lines.enumerated() where line.contains("--") && !line.hasPrefix("kubectl ") {
        for match in line.matches(of: /(?:^|[\s`(\["'])--([a-z][a-z-]*)/) where match.1 != "name" {
          #expect(options.contains(String(match.1)), "\(file.path):\(number + 1) names --\(match.1)")
        }
      }
    }
  }

  @Test func `declarations are read with closures, tuples, generics, strings, comments and attributes in their parameters`()
    throws
  {
    let file = SourceTree.File(
      path: "Example.swift",
      text: """
        package protocol Reader {
          /// Reads.
          func read(_ at: Int, into out: inout [Int])
        }
        struct Example: Reader {
          package let path: String
          package private(set) var `default`: Int
          private let run: () -> Void

          package init(_ path: String, default: Int = 0) {
            self.path = path
            self.default = `default`
          }

          package init(path: String, more: Int) {
            self.path = path
          }

          /// Says why.
          @discardableResult
          package static func map<Key: Hashable, Value>(
            _ pairs: [(Key, Value)], _ body: @escaping @Sendable (Key, Value) throws -> (Int, Int),  // a, comment
            _ separator: String = "a, b)", table: [Key: Value], _ last: Result<Key, any Error>
          ) throws -> Int { 0 }

          func read(_ at: Int, into out: inout [Int]) {}
          static func < (left: Example, right: Example) -> Bool { false }
          func empty() {}
        }
        """)
    let all = FunctionDeclaration.all(in: file)
    #expect(
      all.map(\.signature) == [
        "read(_:into:)", "init(_:default:)", "init(path:more:)", "map(_:_:_:table:_:)", "read(_:into:)", "< (left:right:)",
        "empty()",
      ])
    #expect(all.map(\.line) == [3, 10, 15, 21, 26, 27, 28])
    #expect(all.map(\.isPackage) == [true, true, true, true, false, false, false])
    #expect(all.map(\.isRequirement) == [true, false, false, false, false, false, false])
    #expect(all.map(\.hasDocComment) == [true, false, false, true, false, false, false])
    #expect(all.map(\.isMemberwise) == [false, true, false, false, false, false, false])
    #expect(all.map(\.unlabelled) == [1, 1, 0, 4, 1, 0, 0])
    #expect(all.map(\.isOperator) == [false, false, false, false, false, true, false])
    #expect(all[3].parameters.map(\.name) == ["pairs", "body", "separator", "table", "last"])
  }
}

import Foundation
import Testing

/// The package's description says of each target what it imports, and nothing else. (That no target imports what it does not declare the build checks
/// too: `--explicit-target-dependency-import-check error`.)
@Suite struct DependencyTests {
  struct Target {
    let name: String
    let folder: String
    let dependencies: Set<String>
  }

  /// What Package.swift declares: `module("Room", "Name", ["Dependency"])` and the like.
  static func targets() throws -> [Target] {
    let text = try #require(try SourceTree.files(["Package.swift"]).first).text
    let declaration = /\b(module|program|kit|tests)\(\s*"([\w-]+)"(?:,\s*"([\w-]+)")?(?:,\s*\[([^\]]*)\])?/
    return text.matches(of: declaration).map { match in
      let (kind, first, second) = (match.1, String(match.2), match.3.map(String.init) ?? "")
      let dependencies = Set((match.4 ?? "").matches(of: /"([\w-]+)"/).map { String($0.1) })
      return switch kind {
      case "module": Target(name: second, folder: "Sources/\(first)/\(second)/", dependencies: dependencies)
      case "program": Target(name: first, folder: "Sources/Program/\(first)/", dependencies: dependencies)
      case "kit": Target(name: second, folder: "Tests/\(first)/\(second)/", dependencies: dependencies)
      default: Target(name: "\(second)Tests", folder: "Tests/\(first)/\(second)Tests/", dependencies: dependencies)
      }
    }
  }

  static func imports(_ folder: String) throws -> Set<String> {
    let line = /^(?:@\w+ )?(?:package |internal |public |private |fileprivate )?import (?:struct |class |enum |func )?(\w+)/
    var found: Set<String> = []
    for file in try SourceTree.files([folder]) {
      for text in file.lines { if let match = text.prefixMatch(of: line) { found.insert(String(match.1)) } }
    }
    return found
  }

  @Test func `a target declares what it imports, and imports what it declares`() throws {
    let targets = try Self.targets()
    #expect(targets.count > 60, "Package.swift is not read as it is written")
    let libraries = try SourceTree.paths().filter { $0.hasSuffix("module.modulemap") }.compactMap {
      $0.split(separator: "/").dropLast().last.map(String.init)
    }
    let own = Set(targets.map(\.name) + libraries)
    // Tests of the commands run the program.
    let programs: Set<String> = ["afterimage", "afterimage-bench"]
    for target in targets {
      let imports = try Self.imports(target.folder)
      let undeclared = imports.intersection(own).subtracting(target.dependencies).subtracting([target.name])
      #expect(undeclared.isEmpty, "\(target.name) imports \(undeclared.sorted()) without declaring it")
      let unused = target.dependencies.subtracting(imports).subtracting(programs)
      #expect(unused.isEmpty, "\(target.name) declares \(unused.sorted()) and does not import it")
    }
  }
}

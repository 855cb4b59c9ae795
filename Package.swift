// swift-tools-version: 6.2
import PackageDescription

// The rooms of Sources/ in the order in which a write travels. A module imports only modules above it here;
// Tests/House checks that the sources keep to it.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// A C library as Swift sees it: a module map and inline shims, no logic.
func library(_ name: String) -> Target {
  .systemLibrary(name: name, path: "Sources/Libraries/\(name)")
}

func module(_ room: String, _ name: String, _ dependencies: [String] = [], resources: [Resource]? = nil) -> Target {
  .target(
    name: name, dependencies: dependencies.map { .init(stringLiteral: $0) }, path: "Sources/\(room)/\(name)",
    resources: resources, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [String]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies.map { .init(stringLiteral: $0) }, path: "Sources/Program/\(name)",
    swiftSettings: strict)
}

func kit(_ room: String, _ name: String, _ dependencies: [String]) -> Target {
  .target(
    name: name, dependencies: dependencies.map { .init(stringLiteral: $0) }, path: "Tests/\(room)/\(name)",
    swiftSettings: strict)
}

func tests(_ room: String, _ name: String, _ dependencies: [String]) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies.map { .init(stringLiteral: $0) }, path: "Tests/\(room)/\(name)Tests",
    swiftSettings: strict)
}

let package = Package(
  name: "afterimage",
  targets: [
    library("CRocksDB"),
    library("CMicroHTTPD"),
    library("CLibrdkafka"),
    library("CSQLite"),
    library("CLibYAML"),
    library("CPCRE2"),
    library("CLibCrypto"),
    library("CZlib"),

    module("Libraries", "SQLite", ["CSQLite"]),
    module("Libraries", "YAML", ["CLibYAML"]),
    module("Libraries", "Patterns", ["CPCRE2"]),

    module("Items", "DynamoModel"),
    module("Items", "Expressions", ["DynamoModel"]),

    tests("Libraries", "SQLite", ["SQLite"]),
    tests("Libraries", "YAML", ["YAML"]),
    tests("Libraries", "Patterns", ["Patterns"]),
    tests("Items", "DynamoModel", ["DynamoModel"]),
    tests("Items", "Expressions", ["Expressions", "DynamoModel"]),
  ]
)

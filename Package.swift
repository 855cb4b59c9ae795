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

func tests(_ room: String, _ name: String, _ dependencies: [String], exclude: [String] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies.map { .init(stringLiteral: $0) }, path: "Tests/\(room)/\(name)Tests",
    exclude: exclude, swiftSettings: strict)
}

/// The fuzzer is built only when it is asked for, with `--sanitize fuzzer`: without it there is no `main`. See `make fuzz`.
let fuzzer: [Target] =
  Context.environment["AFTERIMAGE_FUZZER"] == nil
  ? []
  : [
    .executableTarget(
      name: "afterimage-fuzzer",
      dependencies: ["RequestTestKit", "TableAPI", "TableStore", "HTTPServer", "Expressions", "DynamoModel"],
      path: "Tests/WriteSide/Fuzzer", swiftSettings: strict)
  ]

let package = Package(
  name: "afterimage",
  targets: [
    // Libraries
    library("CRocksDB"),
    library("CMicroHTTPD"),
    library("CLibrdkafka"),
    library("CSQLite"),
    library("CLibYAML"),
    library("CPCRE2"),
    library("CLibCrypto"),
    library("CZlib"),
    library("CCurl"),
    module("Libraries", "RocksDB", ["CRocksDB"]),
    tests("Libraries", "RocksDB", ["RandomTestKit", "RocksDB"]),
    module("Libraries", "HTTPServer", ["CMicroHTTPD", "CZlib"]),
    module("Libraries", "HTTPClient", ["CCurl"]),
    tests("Libraries", "HTTPClient", ["HTTPClient", "HTTPServer"]),
    module("Libraries", "SQLite", ["CSQLite"]),
    tests("Libraries", "HTTPServer", ["HTTPServer", "Services"]),
    tests("Libraries", "SQLite", ["SQLite"]),
    module("Libraries", "YAML", ["CLibYAML"]),
    tests("Libraries", "YAML", ["YAML"]),
    module("Libraries", "Gzip", ["CZlib"]),
    module("Libraries", "CSV", ["Gzip"]),
    module("Libraries", "Crypto", ["CLibCrypto"]),
    module("Libraries", "Patterns", ["CPCRE2"]),
    tests("Libraries", "Patterns", ["Patterns"]),
    module("Libraries", "Kafka", ["CLibrdkafka"]),
    kit("Libraries", "KafkaTestKit", ["Kafka", "Services"]),
    kit("Libraries", "RandomTestKit", []),
    tests("Libraries", "Kafka", ["Kafka", "KafkaTestKit", "Services"]),

    // Process
    module("Process", "Arguments"),
    tests("Process", "Arguments", ["Arguments"]),
    module("Process", "Services"),
    module("Process", "Telemetry"),

    // Items
    module("Items", "DynamoModel"),
    tests("Items", "DynamoModel", ["RandomTestKit", "DynamoModel"]),
    tests("Items", "ChangeRecords", ["RandomTestKit", "ChangeRecords", "DynamoModel"]),
    module("Items", "Expressions", ["DynamoModel"]),
    tests("Items", "Expressions", ["RandomTestKit", "Expressions", "DynamoModel"]),
    module("Items", "ChangeRecords", ["DynamoModel"]),

    module("Items", "DynamoClient", ["DynamoModel", "Crypto", "HTTPClient"]),

    // Log
    module("Log", "ChangeLog", ["ChangeRecords"]),
    kit("Log", "ChangeLogConformance", ["ChangeLog", "ChangeRecords", "DynamoModel"]),
    module("Log", "KafkaLog", ["Kafka", "Services", "DynamoModel", "ChangeRecords", "ChangeLog"]),
    module("Log", "ServedLog", ["DynamoClient", "DynamoModel", "ChangeRecords", "ChangeLog"]),
    tests("Log", "KafkaLog", ["KafkaLog", "ChangeRecords"]),

    // WriteSide
    module("WriteSide", "TableStore", ["RocksDB", "Services", "DynamoModel", "ChangeRecords", "ChangeLog"]),
    kit("WriteSide", "RequestTestKit", ["RandomTestKit", "DynamoModel"]),
    kit("WriteSide", "StoreTestKit", ["ChangeLogConformance", "TableStore", "DynamoModel", "ChangeRecords", "ChangeLog"]),
    tests(
      "WriteSide", "TableStore",
      [
        "ChangeLogConformance", "RandomTestKit", "RocksDB", "StoreTestKit", "TableStore", "DynamoModel", "ChangeRecords",
        "ChangeLog",
      ]),
    module(
      "WriteSide", "Relay",
      ["Kafka", "Services", "Telemetry", "DynamoModel", "ChangeRecords", "ChangeLog", "KafkaLog"]),
    tests(
      "WriteSide", "Relay",
      [
        "RandomTestKit", "Relay", "KafkaLog", "Kafka", "KafkaTestKit", "ChangeLogConformance", "StoreTestKit", "TableStore",
        "Services",
        "Telemetry",
        "ChangeLog", "ChangeRecords", "DynamoModel",
      ]),
    module(
      "WriteSide", "TableAPI",
      [
        "HTTPServer", "CLibCrypto", "CZlib", "CSV", "Crypto", "Gzip", "YAML", "DynamoModel", "Expressions", "ChangeRecords",
        "ChangeLog", "TableStore",
      ]),
    tests(
      "WriteSide", "TableAPI",
      [
        "TableAPI", "StoreTestKit", "TableStore", "ServedLog", "ChangeLogConformance", "ChangeLog", "ChangeRecords", "HTTPServer",
        "DynamoClient", "DynamoModel", "Services",
      ],
      exclude: [
        "boto3_kit.py", "boto3_basics.py", "boto3_reads.py", "boto3_legacy.py", "boto3_streams.py", "boto3_partiql.py",
        "boto3_tables.py", "boto3_access.py", "boto3_backups.py", "boto3_tls.py", "clients",
      ]),

    tests(
      "WriteSide", "Model",
      ["RandomTestKit", "StoreTestKit", "TableStore", "Expressions", "ChangeRecords", "DynamoModel"]),

    // ReadSide
    module("ReadSide", "Pipelines", ["DynamoModel", "Expressions", "Patterns"]),
    tests("ReadSide", "Pipelines", ["Pipelines", "DynamoModel", "RandomTestKit"]),
    module("ReadSide", "Projections", ["Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel", "Expressions"]),
    kit(
      "ReadSide", "ProjectionTestKit",
      ["ReadModels", "Projections", "PipelineFiles", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel"]),
    tests(
      "ReadSide", "Projections",
      [
        "ProjectionTestKit", "MemoryReadModels", "RandomTestKit", "Projections", "ReadModels", "PipelineFiles", "Pipelines",
        "ChangeLog", "ChangeRecords", "DynamoModel",
      ]),
    module("ReadSide", "ReadModels", ["Projections", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel"]),
    kit(
      "ReadSide", "MemoryReadModels", ["ReadModels", "Projections", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel"]),
    kit(
      "ReadSide", "ReadModelConformance",
      [
        "ProjectionTestKit", "RandomTestKit", "Workers", "ReadModels", "Projections", "PipelineFiles", "Pipelines", "ChangeLog",
        "ChangeRecords", "DynamoModel",
      ]),
    module(
      "ReadSide", "SQLiteReadModels",
      ["ReadModels", "Projections", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel", "SQLite"]),
    tests(
      "ReadSide", "SQLiteReadModels",
      [
        "ReadModelConformance", "MemoryReadModels", "ProjectionTestKit", "StoreTestKit", "RandomTestKit", "SQLiteReadModels",
        "ReadModels",
        "Projections", "Workers", "PipelineFiles", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel", "SQLite",
      ]),
    module(
      "ReadSide", "PipelineFiles",
      ["SQLiteReadModels", "ReadModels", "Pipelines", "DynamoModel", "Expressions", "Patterns", "Crypto", "SQLite", "YAML"]),
    kit("ReadSide", "PipelineTestKit", ["PipelineFiles", "Pipelines", "DynamoModel"]),
    tests(
      "ReadSide", "PipelineFiles",
      [
        "PipelineTestKit", "RandomTestKit", "PipelineFiles", "SQLiteReadModels", "Pipelines", "DynamoModel", "Expressions",
        "SQLite",
      ]),
    module(
      "ReadSide", "Workers",
      ["ReadModels", "Projections", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel", "Services", "Telemetry"]),
    module(
      "ReadSide", "QueryAPI",
      [
        "ReadModels", "Pipelines", "ChangeRecords", "DynamoModel",
        "HTTPServer", "Services", "Telemetry",
      ]),
    module("ReadSide", "Dashboard", ["HTTPServer"]),
    tests(
      "ReadSide", "ReadModels",
      [
        "ReadModelConformance", "MemoryReadModels", "ProjectionTestKit", "RandomTestKit", "ReadModels", "Projections",
        "Pipelines",
        "ChangeLog", "ChangeRecords", "DynamoModel",
      ]),
    tests(
      "ReadSide", "QueryAPI",
      [
        "QueryAPI", "MemoryReadModels", "ProjectionTestKit", "ReadModels", "Projections", "Pipelines", "PipelineFiles",
        "ChangeLog",
        "ChangeRecords", "DynamoModel", "HTTPServer", "Services", "Telemetry",
      ]),
    tests(
      "ReadSide", "ReadSideModel",
      [
        "RandomTestKit", "StoreTestKit", "Workers", "SQLiteReadModels", "ReadModels", "Projections", "PipelineFiles", "Pipelines",
        "TableStore", "ChangeLog", "ChangeRecords", "DynamoModel", "SQLite",
      ]),
    tests(
      "ReadSide", "Workers",
      [
        "MemoryReadModels", "ProjectionTestKit", "ChangeRecords", "Services", "RandomTestKit", "Workers", "StoreTestKit",
        "KafkaTestKit", "KafkaLog", "Kafka", "Relay", "Telemetry", "TableStore", "SQLiteReadModels", "ReadModels", "Projections",
        "PipelineFiles", "Pipelines", "ChangeLog", "DynamoModel", "SQLite", "Gzip",
      ]),

    // Program
    module(
      "Program", "Assembly",
      [
        "Relay", "KafkaLog", "ServedLog", "Kafka", "TableAPI", "TableStore", "Workers", "QueryAPI", "Dashboard", "ReadModels",
        "Projections",
        "SQLiteReadModels", "PipelineFiles", "Pipelines", "ChangeLog",
        "ChangeRecords", "DynamoClient", "DynamoModel", "HTTPServer", "SQLite", "Services", "Telemetry",
        "CLibCrypto", "CLibYAML", "CLibrdkafka", "CMicroHTTPD", "CPCRE2", "CSQLite", "CZlib", "CCurl",
      ]),
    program(
      "afterimage",
      [
        "Assembly", "Arguments", "ReadModels", "PipelineFiles", "Pipelines", "ChangeRecords", "DynamoClient", "DynamoModel",
        "HTTPClient",
        "HTTPServer",
        "CSV", "Gzip", "Services", "Telemetry",
      ]),
    tests(
      "Program", "Assembly",
      [
        "Assembly", "PipelineTestKit", "ProjectionTestKit", "RandomTestKit", "StoreTestKit", "SQLite", "SQLiteReadModels",
        "ReadModels",
        "Projections", "Workers", "PipelineFiles", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel",
      ]),
    tests("Program", "afterimage", ["afterimage", "Arguments", "DynamoModel"]),
    tests(
      "Program", "Acceptance",
      [
        "afterimage", "Workers", "SQLiteReadModels", "ReadModels", "Projections", "PipelineFiles", "Pipelines", "TableStore",
        "ChangeLog",
        "ChangeRecords",
        "DynamoClient",
        "DynamoModel", "HTTPServer", "RocksDB", "SQLite", "Kafka", "KafkaLog", "KafkaTestKit", "RandomTestKit", "RequestTestKit",
        "ServedLog", "Services", "StoreTestKit",
      ],
      exclude: [
        "acceptance_kit.py", "bad_input.py", "disk_full.py", "protected.py", "read_model_full.py", "read_only.py", "system_b.py",
        "system_c.py",
      ]),
    program(
      "afterimage-bench",
      [
        "Assembly", "TableAPI", "TableStore", "Workers", "SQLiteReadModels", "ReadModels", "Projections", "PipelineFiles",
        "Pipelines", "ChangeLog",
        "ChangeRecords", "Relay", "KafkaLog", "Kafka", "DynamoClient", "DynamoModel", "HTTPServer", "RocksDB", "Services",
        "Telemetry",
        "CLibrdkafka",
      ]),

    // The house itself
    tests("House", "House", ["Services"]),
  ] + fuzzer
)

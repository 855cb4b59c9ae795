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

func program(
  _ name: String, _ dependencies: [String], exclude: [String] = [], plugins: [Target.PluginUsage]? = nil
) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies.map { .init(stringLiteral: $0) }, path: "Sources/Program/\(name)",
    exclude: exclude, swiftSettings: strict, plugins: plugins)
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
      dependencies: ["AccessKeys", "RequestTestKit", "TableAPI", "TableStore", "HTTPServer", "Expressions", "DynamoModel"],
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
    library("CLibPQ"),
    library("CLibYAML"),
    library("CPCRE2"),
    library("CLibCrypto"),
    library("CZlib"),
    library("CMalloc"),
    library("CSpawn"),
    library("CCurl"),
    module("Libraries", "RocksDB", ["CRocksDB"]),
    tests("Libraries", "RocksDB", ["RandomTestKit", "RocksDB"]),
    module("Libraries", "HTTPServer", ["CMicroHTTPD", "CZlib", "Services"]),
    module("Libraries", "HTTPClient", ["CCurl", "Services"]),
    tests("Libraries", "HTTPClient", ["HTTPClient", "HTTPServer"]),
    module("Libraries", "SQLite", ["CSQLite"]),
    module("Libraries", "Postgres", ["CLibPQ"]),
    kit("Libraries", "PostgresTestKit", ["Postgres", "Services"]),
    tests("Libraries", "Postgres", ["Postgres", "PostgresTestKit"]),
    tests("Libraries", "HTTPServer", ["HTTPServer", "Services"]),
    tests("Libraries", "SQLite", ["SQLite"]),
    module("Libraries", "YAML", ["CLibYAML"]),
    tests("Libraries", "YAML", ["YAML"]),
    module("Libraries", "Spelling"),
    tests("Libraries", "Spelling", ["Spelling"]),
    module("Libraries", "Gzip", ["CZlib"]),
    module("Libraries", "CSV", ["Gzip"]),
    module("Libraries", "Crypto", ["CLibCrypto"]),
    module("Libraries", "Patterns", ["CPCRE2"]),
    tests("Libraries", "Patterns", ["Patterns"]),
    module("Libraries", "Kafka", ["CLibrdkafka", "Services"]),
    kit("Libraries", "KafkaTestKit", ["Kafka", "Services"]),
    kit("Libraries", "RandomTestKit", []),
    kit("Libraries", "BrowserTestKit", ["Services"]),
    kit("Libraries", "PythonTestKit", []),
    tests("Libraries", "Kafka", ["Kafka", "KafkaTestKit", "Services"]),

    // Process
    module("Process", "Arguments", ["Spelling"]),
    tests("Process", "Arguments", ["Arguments"]),
    kit("Process", "SupervisionTestKit", ["Services"]),
    tests("Process", "Services", ["Services", "SupervisionTestKit"]),
    module("Process", "Services", ["CMalloc", "CSpawn"]),
    module("Process", "Telemetry"),
    module("Process", "AccessKeys", ["Crypto", "YAML"]),
    tests("Process", "AccessKeys", ["AccessKeys", "RandomTestKit", "YAML"]),
    tests("Process", "Telemetry", ["Telemetry"]),

    // Items
    module("Items", "DynamoModel"),
    tests("Items", "DynamoModel", ["RandomTestKit", "DynamoModel"]),
    tests("Items", "ChangeRecords", ["RandomTestKit", "RecordLiteralTestKit", "ChangeRecords", "DynamoModel"]),
    module("Items", "Expressions", ["DynamoModel"]),
    tests("Items", "Expressions", ["RandomTestKit", "Expressions", "DynamoModel"]),
    module("Items", "ChangeRecords", ["DynamoModel"]),
    kit("Items", "RecordLiteralTestKit", ["ChangeRecords"]),

    module("Items", "DynamoClient", ["DynamoModel", "Crypto", "HTTPClient"]),

    // Log
    module("Log", "ChangeLog", ["ChangeRecords"]),
    kit("Log", "ChangeLogConformance", ["RecordLiteralTestKit", "ChangeLog", "ChangeRecords", "DynamoModel"]),
    module("Log", "KafkaLog", ["Kafka", "Services", "DynamoModel", "ChangeRecords", "ChangeLog"]),
    module("Log", "ServedLog", ["DynamoClient", "DynamoModel", "ChangeRecords", "ChangeLog"]),
    tests("Log", "KafkaLog", ["RecordLiteralTestKit", "KafkaLog", "ChangeLog", "ChangeRecords"]),

    // WriteSide
    module("WriteSide", "TableStore", ["RocksDB", "Services", "DynamoModel", "ChangeRecords", "ChangeLog"]),
    kit("WriteSide", "RequestTestKit", ["RandomTestKit", "DynamoModel"]),
    kit("WriteSide", "StoreTestKit", ["ChangeLogConformance", "TableStore", "DynamoModel", "ChangeRecords", "ChangeLog"]),
    tests(
      "WriteSide", "TableStore",
      [
        "ChangeLogConformance", "RandomTestKit", "RecordLiteralTestKit", "RocksDB", "StoreTestKit", "TableStore", "DynamoModel",
        "ChangeRecords", "ChangeLog",
      ]),
    module(
      "WriteSide", "Relay",
      ["Kafka", "Services", "Telemetry", "DynamoModel", "ChangeRecords", "ChangeLog", "KafkaLog"]),
    tests(
      "WriteSide", "Relay",
      [
        "RandomTestKit", "RecordLiteralTestKit", "Relay", "KafkaLog", "Kafka", "KafkaTestKit", "ChangeLogConformance",
        "StoreTestKit", "TableStore",
        "Services",
        "Telemetry",
        "ChangeLog", "ChangeRecords", "DynamoModel",
      ]),
    module(
      "WriteSide", "TableAPI",
      [
        "AccessKeys", "HTTPServer", "CZlib", "CSV", "Crypto", "Gzip", "DynamoModel", "Expressions", "ChangeRecords",
        "ChangeLog", "TableStore",
      ]),
    tests(
      "WriteSide", "TableAPI",
      [
        "AccessKeys", "TableAPI", "PythonTestKit", "RandomTestKit", "StoreTestKit", "TableStore", "ServedLog",
        "ChangeLogConformance",
        "ChangeRecords",
        "HTTPServer", "DynamoClient", "DynamoModel", "Services",
      ],
      exclude: [
        "boto3_kit.py", "boto3_basics.py", "boto3_reads.py", "boto3_legacy.py", "boto3_streams.py", "boto3_partiql.py",
        "boto3_tables.py", "boto3_access.py", "boto3_backups.py", "boto3_model.py", "boto3_tls.py", "clients",
      ]),

    tests(
      "WriteSide", "Model",
      ["RandomTestKit", "RecordLiteralTestKit", "StoreTestKit", "TableStore", "Expressions", "ChangeRecords", "DynamoModel"]),

    // ReadSide
    module("ReadSide", "Pipelines", ["DynamoModel", "ChangeRecords", "Expressions", "Patterns"]),
    kit("ReadSide", "LiteralTestKit", ["ReadModels", "Pipelines"]),
    tests("ReadSide", "Pipelines", ["LiteralTestKit", "Pipelines", "ChangeRecords", "DynamoModel", "RandomTestKit"]),
    module("ReadSide", "Projections", ["Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel", "Expressions"]),
    kit(
      "ReadSide", "ProjectionTestKit",
      [
        "LiteralTestKit", "RecordLiteralTestKit", "ReadModels", "Projections", "PipelineFiles", "Pipelines", "ChangeLog",
        "ChangeRecords", "DynamoModel",
      ]),
    tests(
      "ReadSide", "Projections",
      [
        "LiteralTestKit", "RecordLiteralTestKit",
        "ProjectionTestKit", "MemoryReadModels", "RandomTestKit", "Projections", "Pipelines", "ChangeLog", "ChangeRecords",
        "DynamoModel",
      ]),
    module("ReadSide", "ReadModels", ["Projections", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel"]),
    kit(
      "ReadSide", "MemoryReadModels", ["ReadModels", "Projections", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel"]),
    kit(
      "ReadSide", "ReadModelConformance",
      [
        "LiteralTestKit", "RecordLiteralTestKit",
        "ProjectionTestKit", "Workers", "RandomTestKit", "ReadModels", "Projections", "PipelineFiles", "Pipelines", "ChangeLog",
        "ChangeRecords", "DynamoModel",
      ]),
    module(
      "ReadSide", "SQLiteReadModels",
      ["ReadModels", "Projections", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel", "SQLite"]),
    module(
      "ReadSide", "PostgresReadModels",
      ["ReadModels", "Projections", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel", "Crypto", "Postgres"]),
    tests(
      "ReadSide", "PostgresReadModels",
      [
        "ReadModelConformance", "ProjectionTestKit", "MemoryReadModels", "RandomTestKit", "StoreTestKit", "PostgresReadModels",
        "PostgresTestKit", "Postgres", "ReadModels", "LiteralTestKit", "RecordLiteralTestKit", "Projections", "PipelineFiles",
        "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel",
      ]),
    tests(
      "ReadSide", "SQLiteReadModels",
      [
        "LiteralTestKit", "RecordLiteralTestKit", "ReadModelConformance", "MemoryReadModels", "ProjectionTestKit",
        "RandomTestKit",
        "StoreTestKit", "SQLiteReadModels", "PostgresReadModels", "PostgresTestKit",
        "ReadModels", "ChangeLog", "ChangeRecords", "Workers", "PipelineFiles", "Pipelines", "DynamoModel", "SQLite",
      ]),
    module(
      "ReadSide", "PipelineFiles",
      [
        "SQLiteReadModels", "PostgresReadModels", "ReadModels", "Pipelines", "DynamoModel", "Expressions", "Patterns", "Crypto",
        "SQLite", "Spelling", "YAML",
      ]),
    kit("ReadSide", "PipelineTestKit", ["PipelineFiles", "Pipelines", "DynamoModel"]),
    tests(
      "ReadSide", "PipelineFiles",
      ["LiteralTestKit", "PipelineTestKit", "RandomTestKit", "PipelineFiles", "Pipelines", "DynamoModel"]),
    module(
      "ReadSide", "Workers",
      ["ReadModels", "Projections", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel", "Services", "Telemetry"]),
    module(
      "ReadSide", "QueryAPI",
      ["AccessKeys", "ReadModels", "Pipelines", "ChangeRecords", "DynamoModel", "HTTPServer", "Services", "Telemetry"]),
    module("ReadSide", "Dashboard", ["HTTPServer"]),
    tests("ReadSide", "Dashboard", ["Dashboard", "HTTPServer", "BrowserTestKit"]),
    tests(
      "ReadSide", "ReadModels",
      [
        "ReadModelConformance", "MemoryReadModels", "LiteralTestKit", "RecordLiteralTestKit", "ProjectionTestKit",
        "RandomTestKit", "ReadModels",
        "Projections",
        "Pipelines",
        "ChangeLog", "ChangeRecords", "DynamoModel",
      ]),
    tests(
      "ReadSide", "QueryAPI",
      [
        "LiteralTestKit", "RecordLiteralTestKit",
        "AccessKeys", "QueryAPI", "MemoryReadModels", "ProjectionTestKit", "RandomTestKit", "SQLiteReadModels", "ReadModels",
        "Projections",
        "Pipelines", "ChangeRecords", "DynamoModel", "HTTPServer", "Services", "Telemetry",
      ]),
    tests(
      "ReadSide", "ReadSideModel",
      [
        "LiteralTestKit", "RecordLiteralTestKit", "RandomTestKit", "StoreTestKit", "Workers", "SQLiteReadModels",
        "PostgresReadModels", "PostgresTestKit", "Postgres", "ReadModels",
        "Projections",
        "PipelineFiles", "Pipelines",
        "TableStore", "ChangeLog", "ChangeRecords", "DynamoModel", "SQLite",
      ]),
    tests(
      "ReadSide", "Workers",
      [
        "LiteralTestKit", "RecordLiteralTestKit",
        "MemoryReadModels", "ProjectionTestKit", "ChangeRecords", "RandomTestKit", "Workers", "StoreTestKit", "KafkaTestKit",
        "KafkaLog", "Kafka", "Relay", "Telemetry", "TableStore", "SQLiteReadModels", "ReadModels", "Projections", "PipelineFiles",
        "Pipelines", "ChangeLog", "DynamoModel", "SQLite", "Gzip", "Services",
      ]),

    // Program
    module(
      "Program", "Assembly",
      [
        "AccessKeys", "Arguments", "Relay", "KafkaLog", "ServedLog", "Kafka", "TableAPI", "TableStore", "Workers", "QueryAPI",
        "Dashboard",
        "ReadModels",
        "Projections",
        "SQLiteReadModels", "PostgresReadModels", "Postgres", "PipelineFiles", "Pipelines", "ChangeLog",
        "ChangeRecords", "DynamoClient", "DynamoModel", "Crypto", "Expressions", "HTTPClient", "YAML", "HTTPServer", "Services",
        "Telemetry", "CLibCrypto", "CLibPQ", "CLibYAML", "CLibrdkafka", "CMicroHTTPD", "CPCRE2", "CSQLite", "CZlib", "CCurl",
      ]),
    program(
      "afterimage",
      [
        "Assembly", "Arguments", "ReadModels", "PipelineFiles", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoClient",
        "DynamoModel",
        "HTTPClient",
        "HTTPServer",
        "CSV", "Gzip", "Services", "Spelling", "Telemetry", "YAML",
      ], plugins: ["EmbedPipelines"]),
    // What writes the sample pipelines into the program while it is built.
    program("afterimage-embed", []),
    .plugin(
      name: "EmbedPipelines", capability: .buildTool(), dependencies: ["afterimage-embed"], path: "Sources/Program/EmbedPipelines"
    ),
    tests(
      "Program", "Assembly",
      [
        "Assembly", "TableStore", "PostgresTestKit", "LiteralTestKit", "RecordLiteralTestKit", "PipelineTestKit",
        "ProjectionTestKit", "RandomTestKit", "StoreTestKit", "SQLite", "SQLiteReadModels", "ReadModels", "Projections",
        "Workers", "PipelineFiles", "Pipelines", "ChangeLog", "ChangeRecords", "DynamoModel", "Crypto", "HTTPServer",
        "Postgres", "PostgresReadModels", "Services",
      ]),
    tests("Program", "afterimage", ["afterimage", "Arguments", "Assembly", "DynamoModel", "YAML"]),
    tests(
      "Program", "Acceptance",
      [
        "afterimage", "AccessKeys", "Workers", "SQLiteReadModels", "ReadModels", "Projections", "PipelineFiles", "Pipelines",
        "TableStore",
        "ChangeLog",
        "ChangeRecords",
        "DynamoClient",
        "DynamoModel", "HTTPClient", "HTTPServer", "RocksDB", "SQLite", "Kafka", "KafkaLog", "KafkaTestKit", "RandomTestKit",
        "RequestTestKit", "BrowserTestKit", "PostgresTestKit", "Postgres", "PostgresReadModels", "PythonTestKit",
        "RecordLiteralTestKit",
        "ServedLog", "Services",
        "StoreTestKit", "SupervisionTestKit",
      ],
      exclude: [
        "BrokerOwner.java", "CreatePolicy.java", "ShiftedClock.c", "acceptance_kit.py", "bad_input.py", "dashboard.schema.json",
        "disk_full.py",
        "keda.py", "openapi.py",
        "page_keys.py",
        "page_login.py", "protected.py", "provisioning.schema.json",
        "read_model_full.py", "read_only.py",
        "application_rules.py",
        "system_a.py", "system_b.py", "system_c.py", "system_d.py", "system_e.py", "system_f.py", "system_g.py",
      ]),
    program(
      "afterimage-bench",
      [
        "Assembly", "TableAPI", "TableStore", "Workers", "SQLiteReadModels", "PostgresReadModels", "Postgres", "ReadModels",
        "Projections", "PipelineFiles",
        "Pipelines", "ChangeLog",
        "ChangeRecords", "Relay", "KafkaLog", "Kafka", "DynamoClient", "DynamoModel", "HTTPClient", "HTTPServer", "RocksDB",
        "Services",
        "Telemetry", "Gzip",
        "CLibrdkafka",
      ], exclude: ["chat_rooms.py", "game_scores.py"]),

    // The house itself
    tests("House", "House", ["Services"]),
  ] + fuzzer
)

package import Arguments
package import ChangeLog
internal import Foundation
package import PipelineFiles
internal import Pipelines
package import Services
package import Telemetry

/// What one process is to be: which roles, where its data is, which pipelines it runs.
package struct NodeSettings: Sendable {
  package enum Role: String, Sendable, CaseIterable {
    /// The table store and its API.
    case table
    /// The table store's logs to Kafka.
    case relay
    /// The pipelines' projections and effects.
    case worker
    /// Answers over HTTP, and the page.
    case query
  }

  package var roles: Set<Role>
  package var dataDirectory: String
  /// Where the table API listens.
  package var address: String
  /// Where the page and the queries listen.
  package var pageAddress: String
  /// Of the table API; 0 takes a free one.
  package var tablePort: UInt16
  /// Of queries, the page and metrics; 0 takes a free one.
  package var pagePort: UInt16
  /// Of `/live`, `/ready` and `/metrics`; 0 takes a free one. Nil takes `healthPortDefault`, or a free one when that is taken.
  package var healthPort: UInt16?
  package var healthAddress = "127.0.0.1"
  package static let healthPortDefault: UInt16 = 8002
  /// Folders with a `pipeline.yaml`.
  package var pipelines: [String]
  /// Values of the pipelines' parameters.
  package var parameters = ParameterSettings.none
  /// `bootstrap.servers`; nil reads the table store's own log.
  package var kafka: String?
  /// Further librdkafka settings, `name=value`.
  package var kafkaSettings: [String: String]
  /// Begins the names of what the process keeps on Kafka and in PostgreSQL.
  package var namespace = Namespace.usual
  /// Under this name the process comes back to its worker groups after a restart without a rebalance; nil leaves them at each stop.
  package var instance: String?
  /// Where effects are carried out when this process has no table role.
  package var tableEndpoint: String?
  /// A file of the authorities that sign that server's certificate (PEM); nil for the machine's own.
  package var tableAuthorities: String?
  /// Log partitions of tables that are made here and whose pipeline names no number.
  package var partitions: Int
  /// Tables that are made here with a history clock.
  package var historyTables: [String]
  /// Trim records older than this many milliseconds; nil keeps them.
  package var retention: Int64?
  /// The file of keys that the table API, the page and the queries take; without it they listen on loopback only.
  package var keysFile: String?
  /// Files that the table API and the page speak TLS with; nil for plain HTTP.
  package var certificate: CertificateFiles?
  /// Where the read models are when they are not in the data directory: the URL of a PostgreSQL database, as libpq takes it.
  package var readModels: String?
  /// The file of the database's password, in libpq's form; nil for libpq's own choice.
  package var readModelsPasswordFile: String?
  /// Whether edited projections are built without being asked.
  package var rebuildsByItself = true
  package var logger: Logger
  /// Where settings are from, for messages.
  package var options = OptionPlaces.none
  /// A start more than this many days after the table store's last time refuses writes until `table clock --accept-jump`.
  package var clockJumpDaysMax = 7
  /// Further names under which this process may be asked on its ports.
  package var hosts: [String] = []
  /// Of the service manager that started the process; nil when there is none.
  package var supervision: Supervision?
  /// Origins whose pages may call the table API without keys, beside those of loopback.
  package var corsOrigins: [String] = []
  /// What effects may do out in the world.
  package var effects = EffectSettings()

  package init(
    roles: Set<Role> = [.table, .worker, .query], dataDirectory: String, address: String = "127.0.0.1",
    pageAddress: String = "127.0.0.1", tablePort: UInt16 = 8000,
    pagePort: UInt16 = 8001, pipelines: [String] = [], kafka: String? = nil, kafkaSettings: [String: String] = [:],
    tableEndpoint: String? = nil, partitions: Int = 1, historyTables: [String] = [], retention: Int64? = nil,
    keysFile: String? = nil, certificate: CertificateFiles? = nil, logger: Logger = Logger()
  ) {
    self.roles = roles
    self.dataDirectory = dataDirectory
    self.address = address
    self.pageAddress = pageAddress
    self.tablePort = tablePort
    self.pagePort = pagePort
    self.pipelines = pipelines
    self.kafka = kafka
    self.kafkaSettings = kafkaSettings
    self.tableEndpoint = tableEndpoint
    self.partitions = partitions
    self.historyTables = historyTables
    self.retention = retention
    self.keysFile = keysFile
    self.certificate = certificate
    self.logger = logger
  }
}

extension NodeSettings {
  /// One of the pipelines. What is wrong in its file has its own place; that it is not there has that of the setting.
  func load(_ folder: String) throws -> Pipeline {
    guard FileManager.default.fileExists(atPath: folder) else {
      throw StartError("\(options.lead("pipeline", folder))\(folder): there is no such pipeline folder or file")
    }
    return try PipelineLoader.load(folder, set: parameters)
  }
}

/// Why a process cannot start: a sentence that says what to do.
package struct StartError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

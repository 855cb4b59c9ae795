internal import ChangeLog
internal import Services
internal import TableStore

/// Where workers read: the table store's own log, or Kafka.
struct LogSource: Sendable {
  private let settings: NodeSettings
  private let store: TableStore?

  init(_ settings: NodeSettings, _ store: TableStore?) {
    self.settings = settings
    self.store = store
  }

  func log(_ table: String) -> any ChangeLog {
    guard let store else { preconditionFailure("a worker without Kafka has the table role, which the command line sees to") }
    return EmbeddedLog(store, table: table)
  }

  /// The services that publish the store's tables.
  func relays() -> [any Service] { [] }
}

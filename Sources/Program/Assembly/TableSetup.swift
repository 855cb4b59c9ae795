internal import DynamoModel
internal import Pipelines
internal import TableStore
internal import Telemetry

/// Makes the tables that pipelines declare, and compares those that exist with what they declare.
enum TableSetup {
  /// Two pipelines may read one table, if they agree about its key; what one of them keeps private is private.
  static func prepare(_ pipelines: [Pipeline], _ store: TableStore, partitions: Int, history: [String] = [], _ logger: Logger)
    throws
  {
    for name in history where !pipelines.contains(where: { $0.table(named: name) != nil }) {
      logger.warning("--history names a table that no pipeline declares: it is not made here", ["table": name])
    }
    for pipeline in pipelines {
      for table in pipeline.tables {
        var definition = table.definition
        if let existing = store.table(definition.name) {
          try check(existing.definition, definition, partitions: table.partitions, pipeline: pipeline.name)
          continue
        }
        definition.partitions = table.partitions ?? partitions
        definition.stream = .newAndOldImages
        _ = try store.createTable(definition, clock: history.contains(definition.name) ? .history : .live)
        logger.info("table made", ["table": definition.name, "partitions": "\(definition.partitions)"])
      }
    }
  }

  private static func check(
    _ existing: TableDefinition, _ wanted: TableDefinition, partitions: Int?, pipeline: String
  ) throws(StartError) {
    if existing.key != wanted.key {
      throw StartError(
        "pipeline \(pipeline) declares table \(wanted.name) with another key than it has: change the pipeline, or delete the table with: "
          + "afterimage table delete \(wanted.name)")
    }
    if let partitions, existing.partitions != partitions {
      throw StartError(
        "pipeline \(pipeline) needs table \(wanted.name) with \(partitions) log partitions and it has \(existing.partitions): partitions "
          + "are fixed when a table is made; delete it with: afterimage table delete \(wanted.name)")
    }
    for attribute in wanted.privateAttributes where !existing.privateAttributes.contains(attribute) {
      throw StartError(
        "pipeline \(pipeline) keeps \(attribute) of table \(wanted.name) private, and the table was made without that: tag the table with "
          + "afterimage:private, or delete it with: afterimage table delete \(wanted.name)")
    }
  }
}

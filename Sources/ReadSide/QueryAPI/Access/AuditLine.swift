internal import AccessKeys
internal import Telemetry

/// An operation that was asked for, and by whom: one line of the log when it is over, whatever came of it.
struct AuditLine {
  /// The key's id; nil on a server without keys.
  let key: String?
  let pipeline: String
  /// The path after the pipeline, with the parameters: `effects/retry effect=room_is_gone`.
  let operation: String
  let address: String?

  /// Of an operation's text.
  static let bytesMax = 200

  /// Of the parameters those that operations take are named.
  init(_ asked: QueryRouter.Asked, _ caller: Caller?) {
    // `v1`, `pipelines`, the pipeline's name, and the operation.
    let parts = asked.parts
    key = caller?.key.id
    pipeline = parts.count > 2 ? parts[2] : ""
    let known = [Parameters.id.name, Parameters.effect, Parameters.state.name]
    let given = asked.query.filter { known.contains($0.name) }.map { " \($0.name)=\($0.value)" }
    operation = String((parts.dropFirst(3).joined(separator: "/") + given.joined()).prefix(AuditLine.bytesMax))
    address = asked.sender.address
  }

  func write(_ outcome: String, to logger: Logger) {
    logger.info(
      "operation over HTTP",
      ["key": key ?? "none", "pipeline": pipeline, "operation": operation, "outcome": outcome, "from": address ?? "unknown"])
  }
}

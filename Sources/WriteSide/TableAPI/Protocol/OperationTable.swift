internal import AccessKeys
/// The operations as the README lists them, made of the registry.
package enum OperationTable {
  /// Operations of AWS's service model that are left out on purpose, and why: each answers UnknownOperationException.
  static let leftOut: [(names: String, reason: String)] = [
    (
      "CreateGlobalTable, UpdateGlobalTable, UpdateGlobalTableSettings, DescribeTableReplicaAutoScaling, "
        + "UpdateTableReplicaAutoScaling", "a server is one region"
    ),
    ("SearchVectors, StartBulkPutItems and its like", "newer than the protocol that clients depend on"),
  ]

  /// Two tables in Markdown: what there is, by service and the access that a key needs, and what is left out.
  package static var markdown: String {
    var lines = ["| service | access | operations |", "| --- | --- | --- |"]
    let services: [(Operation.Service, String)] = [(.dynamoDB, "DynamoDB"), (.streams, "DynamoDB Streams"), (.own, "our own")]
    for (service, title) in services {
      for access in AccessKind.allCases.map(Optional.some) + [nil] {
        let names = OperationRegistry.all.filter { $0.service == service && $0.access == access }.map(\.name).sorted()
        if names.isEmpty { continue }
        lines.append("| \(title) | \(access?.rawValue ?? "any key") | \(names.joined(separator: ", ")) |")
      }
    }
    lines += ["", "| left out | why |", "| --- | --- |"]
    for (names, reason) in leftOut { lines.append("| \(names) | \(reason) |") }
    return lines.joined(separator: "\n")
  }
}

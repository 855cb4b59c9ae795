internal import Telemetry

/// What a relay counts.
struct RelayCounters: Sendable {
  let records: Metrics.Cell
  let transactions: Metrics.Cell
  let failures: Metrics.Cell
  let behind: Metrics.Cell
  let stopped: Metrics.Cell

  init(_ metrics: Metrics, table: String) {
    records = metrics.cell(
      .counter, "afterimage_relay_records_total", help: "Change records published on Kafka.", labels: ["table": table])
    transactions = metrics.cell(
      .counter, "afterimage_relay_transactions_total", help: "Kafka transactions committed by the relay.",
      labels: ["table": table])
    failures = metrics.cell(
      .counter, "afterimage_relay_failures_total", help: "Sessions of the relay that ended with an error.",
      labels: ["table": table])
    stopped = metrics.cell(
      .gauge, "afterimage_relay_stopped",
      help: "1 while the relay stands still: another took over, its topics do not fit, or the brokers refuse it.",
      labels: ["table": table])
    behind = metrics.cell(
      .gauge, "afterimage_relay_behind", help: "Change records not yet published, as far as known.", labels: ["table": table])
  }
}

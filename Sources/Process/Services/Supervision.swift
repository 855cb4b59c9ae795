/// What the service manager that started the process (systemd, with `Type=notify`) is to hear, as a value: of each turn it decides what to say and
/// when the next turn is.
///
/// Until the process is ready it says what the process waits for, and asks for more time for as long as turns come round: a start that takes long
/// is not a start that hangs. Once it is ready, each turn says that the process is alive (`WATCHDOG=1`), at half the time after which the manager
/// would take it for dead. Follows sd_notify(3).
package struct Supervision: Sendable, Equatable {
  /// The turns before the process is ready.
  package static let startPause = Duration.milliseconds(200)
  /// How much time a start asks for, and how often.
  package static let startExtension = Duration.seconds(60)
  package static let extensionPause = Duration.seconds(20)
  /// The longest text of what is waited for, in bytes: a datagram has a limit.
  package static let statusBytesMax = 500

  /// Where the manager listens.
  package let socket: NotifySocket
  /// How often to say that the process is alive; nil when nobody watches.
  package let beat: Duration?

  private var isReady = false
  private var status: String?
  private var extended: ContinuousClock.Instant?

  /// What `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` say; nil where no manager started the process. A watchdog that is meant for another
  /// process than `process` is left alone.
  package init?(environment: [String: String], process: Int32) {
    guard let socket = environment["NOTIFY_SOCKET"].flatMap({ NotifySocket($0) }) else { return nil }
    self.socket = socket
    let isMeant = environment["WATCHDOG_PID"].map { $0 == "\(process)" } ?? true
    let limit = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
    beat = isMeant && limit > 1 ? .microseconds(limit / 2) : nil
  }

  /// Whether the manager has heard that the process is ready: what makes it so need not be asked again.
  package var hasSaidReady: Bool { isReady }

  /// How long to wait for the next turn.
  package var pause: Duration { isReady ? beat ?? .seconds(3600) : Supervision.startPause }

  /// The text of a turn; nil when there is nothing to say. `waitsFor` says what keeps the process from being ready, and is not looked at once it is.
  package mutating func turn(isReady isReadyNow: Bool, waitsFor: String, now: ContinuousClock.Instant) -> String? {
    if isReady { return beat == nil ? nil : "WATCHDOG=1" }
    if isReadyNow {
      isReady = true
      return "READY=1\nSTATUS=ready"
    }
    var lines: [String] = []
    let text = Supervision.line(waitsFor)
    if text != status {
      status = text
      lines.append("STATUS=\(text)")
    }
    if extended.map({ $0.duration(to: now) >= Supervision.extensionPause }) ?? true {
      extended = now
      lines.append("EXTEND_TIMEOUT_USEC=\(Supervision.startExtension.components.seconds * 1_000_000)")
    }
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }

  /// The text of the stop, which is the last.
  package static let stopping = "STOPPING=1\nSTATUS=stopping"

  /// One line of at most `statusBytesMax` bytes, in whole characters.
  private static func line(_ text: String) -> String {
    var out = ""
    for character in text {
      let next = character.isNewline ? " " : String(character)
      if out.utf8.count + next.utf8.count > statusBytesMax { break }
      out += next
    }
    return out
  }
}

internal import Foundation
internal import Services
internal import Workers

/// Hands mails to the command that the settings name: a message on its standard input, and success is its exit status 0.
struct MailSender: Sendable {
  let command: [String]
  let from: String?

  static let timeLimit = Duration.seconds(30)
  private let limit: Duration

  init(command: [String], from: String?, timeLimit: Duration = timeLimit) {
    self.command = command
    self.from = from
    limit = timeLimit
  }

  /// What keeps every mail from being sent, as the end of a sentence; nil when nothing does as far as can be seen before the first.
  var obstacle: String? {
    guard let program = command.first else { return "there is no --mail-command" }
    return Subprocess.isThere(program) ? nil : "`\(program)`, which --mail-command names, cannot be found or is not executable"
  }

  func send(to: [String], subject: String, text: String, idempotencyKey: String) async throws -> String {
    guard let program = command.first else {
      throw EffectRefusal("there is no command that sends mails: start the worker with --mail-command")
    }
    let message = MailMessage(to: to, subject: subject, text: text, from: from, idempotencyKey: idempotencyKey)
    let bytes = message.bytes(at: Int64(Date().timeIntervalSince1970 * 1000))
    // The program's own secrets are not for others.
    let outcome = await Subprocess(command, timeLimit: limit, hidden: ["AFTERIMAGE_", "AWS_"]).run(input: bytes)
    let complaint = outcome.complaint.trimmingCharacters(in: .whitespacesAndNewlines)
      .replacingOccurrences(of: "\n", with: " ")
    let more = complaint.isEmpty ? "" : ": \(complaint)"
    switch outcome.end {
    case .exited(status: 0): return "handed over"
    case .exited(let status): throw SendingError(description: "\(program) ended with the status \(status)\(more)")
    case .killed(let signal): throw SendingError(description: "\(program) was ended by the signal \(signal)\(more)")
    case .tookTooLong:
      throw SendingError(description: "\(program) took longer than \(limit.components.seconds) s and was ended\(more)")
    case .notStarted(let reason): throw SendingError(description: "the mail command cannot be started: \(reason)")
    }
  }
}

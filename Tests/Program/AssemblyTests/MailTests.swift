import Foundation
import Testing
import Workers

@testable import Assembly

/// Mails as the mail command gets them.
@Suite(.timeLimit(.minutes(1))) struct MailTests {
  private func message(to: [String] = ["ana@x.org"], subject: String, text: String = "Hello", from: String? = nil) -> String {
    let message = MailMessage(to: to, subject: subject, text: text, from: from, idempotencyKey: "k")
    return String(decoding: message.bytes(at: 1_767_225_600_000), as: UTF8.self)
  }

  @Test func `a mail is a message of RFC 5322`() {
    #expect(
      message(to: ["ana@x.org", "ben@x.org"], subject: "Added to Apollo", text: "Hello ü", from: "board@x.org") == """
        From: board@x.org
        To: ana@x.org,
         ben@x.org
        Subject: Added to Apollo
        Date: Thu, 01 Jan 2026 00:00:00 +0000
        Message-ID: <8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a@afterimage>
        Idempotency-Key: k
        Auto-Submitted: auto-generated
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: base64

        SGVsbG8gw7w=

        """)
    #expect(!message(subject: "s").contains("From:"))
  }

  @Test func `a mail parser reads what was written`() async throws {
    let subject = "Zu „Äpfel“ " + String(repeating: "hinzugefügt 👍 ", count: 20)
    let text = String(repeating: "Zeile ü\n.\nFrom me\n", count: 200)
    let program = """
      import sys, email, email.policy
      m = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
      open(sys.argv[1], 'w').write('\\x00'.join([m['subject'], m['to'], m.get_content(), m['message-id'], str(max(map(len, m.as_string().split('\\n'))))]))
      """
    let path = NSTemporaryDirectory() + "afterimage-mail-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let sender = MailSender(command: ["python3", "-c", program, path], from: nil)
    _ = try await sender.send(to: ["ana@x.org", "ben@x.org"], subject: subject, text: text, idempotencyKey: "k\nk")
    let parts = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\0", omittingEmptySubsequences: false)
    try #require(parts.count == 5)
    #expect(parts[0] == subject && parts[1] == "ana@x.org, ben@x.org" && parts[2] == text && parts[3].hasSuffix("@afterimage>"))
    #expect(Int(parts[4]) ?? 0 < 998)
  }

  @Test func `a subject in encoded words is cut between characters`() {
    let encoded = MailMessage.encoded(String(repeating: "€", count: 100))
    for line in encoded.split(separator: "\n") {
      let word = line.trimmingCharacters(in: .whitespaces)
      #expect(word.count <= 75 && word.hasPrefix("=?utf-8?B?") && word.hasSuffix("?="))
      let bytes = Data(base64Encoded: String(word.dropFirst(10).dropLast(2))) ?? Data()
      #expect(String(data: bytes, encoding: .utf8)?.allSatisfy { $0 == "€" } == true)
    }
    #expect(MailMessage.encoded("plain") == "plain" && MailMessage.encoded("a =?b").hasPrefix("=?utf-8"))
  }

  @Test func `a command that fails is tried again with its reason, and without one nothing is`() async throws {
    func failure(_ command: [String], limit: Duration = .seconds(30)) async -> String {
      do {
        let sender = MailSender(command: command, from: nil, timeLimit: limit)
        return "taken: \(try await sender.send(to: ["a@x.org"], subject: "s", text: "t", idempotencyKey: "k"))"
      } catch {
        return "\(type(of: error)) \(error)"
      }
    }
    #expect(await failure(["cat"]) == "taken: handed over")
    #expect(
      await failure(["sh", "-c", "echo no such user >&2; exit 67"]) == "SendingError sh ended with the status 67: no such user")
    #expect(await failure(["sh", "-c", "kill -9 $$"]) == "SendingError sh was ended by the signal 9")
    #expect(await failure(["sleep", "600"], limit: .seconds(1)) == "SendingError sleep took longer than 1 s and was ended")
    #expect(await failure(["/nowhere/mail"]).hasPrefix("SendingError the mail command cannot be started: /nowhere/mail: "))
    #expect(await failure([]) == "EffectRefusal there is no command that sends mails: start the worker with --mail-command")
  }

  @Test(
    arguments: [
      ([], "there is no --mail-command"), (["cat", "-"], nil), (["/bin/cat"], nil),
      (["no-such-mailer", "-t"], "`no-such-mailer`, which --mail-command names, cannot be found or is not executable"),
      (["/etc/passwd"], "`/etc/passwd`, which --mail-command names, cannot be found or is not executable"),
      (["/usr"], "`/usr`, which --mail-command names, cannot be found or is not executable"),
    ] as [([String], String?)])
  func `what keeps mails from being sent is known before the first`(command: [String], obstacle: String?) {
    #expect(MailSender(command: command, from: nil).obstacle == obstacle)
  }
}

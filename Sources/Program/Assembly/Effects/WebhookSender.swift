internal import Foundation
internal import HTTPClient
internal import Pipelines
internal import Workers

/// Sends webhooks: JSON by POST, to hosts that the settings name, redirections not followed. Any answer of 200 to 299 is a success.
struct WebhookSender: Sendable {
  let allowed: AllowedHosts
  let secrets: WebhookSecrets
  private let client: HTTPClient

  /// From the start of a request to its whole answer.
  static let timeLimitSeconds = 10.0
  /// What is read of an answer: nothing but its beginning is shown.
  private static let answerBytesMax = 4_096

  init(allowed: AllowedHosts, secrets: WebhookSecrets, timeLimitSeconds: Double = timeLimitSeconds) {
    self.allowed = allowed
    self.secrets = secrets
    client = HTTPClient(
      connectionsMax: 16, timeoutSeconds: timeLimitSeconds, answerBytesMax: WebhookSender.answerBytesMax)
  }

  func send(_ url: String, headers: [ResolvedAction.Header], body: String, idempotencyKey: String) async throws -> String {
    let address: WebhookAddress
    do throws(WebhookAddress.Problem) {
      address = try WebhookAddress(url: url)
    } catch {
      throw EffectRefusal("\(url): \(error.reason)")
    }
    guard allowed.allow(address) else {
      let usual = address.port == 80 || address.port == 443
      throw EffectRefusal(
        "webhooks to \(address.host):\(address.port) are not allowed: start the worker with --allow-webhook-host \(address.host)\(usual ? "" : ":\(address.port)")"
      )
    }
    let bytes = Array(body.utf8)
    let own = secrets.of(address.host, port: address.port)
    var all: [(name: String, value: String)] = [
      ("Content-Type", "application/json"), ("User-Agent", "afterimage"), ("Idempotency-Key", CarriedKey.text(idempotencyKey)),
    ]
    all += headers.map { ($0.name, $0.value) } + own.headers
    if let secret = own.secret {
      all += WebhookSignature.headers(
        secret, id: CarriedKey.hash(idempotencyKey), time: Int64(Date().timeIntervalSince1970), body: bytes)
    }
    let answer: HTTPClient.Answer
    do throws(HTTPClient.TransportError) {
      answer = try await client.send(HTTPClient.Request(method: "POST", url: url, headers: all, body: bytes))
    } catch {
      throw SendingError(description: "\(address.host):\(address.port) does not answer: \(error.reason)")
    }
    guard (200...299).contains(answer.status) else {
      let redirect = (300...399).contains(answer.status) ? ", and redirections are not followed" : ""
      throw SendingError(
        description: "\(address.host):\(address.port) answered \(answer.status)\(redirect)\(WebhookSender.beginning(answer.body))"
      )
    }
    return "\(answer.status)"
  }

  /// The beginning of an answer's text, on one line.
  private static func beginning(_ body: [UInt8]) -> String {
    let text = String(decoding: body.prefix(200), as: UTF8.self)
    let line = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }))
    return line.isEmpty ? "" : ": \(line)"
  }
}

/// Why an attempt failed; the next one may go better.
struct SendingError: Error, CustomStringConvertible {
  let description: String
}

import Crypto
import Foundation
import HTTPServer
import Pipelines
import Synchronization
import Testing
import Workers

@testable import Assembly

/// Webhooks as they go out: to whom, signed how, and what counts as taken.
@Suite(.timeLimit(.minutes(1))) struct WebhookTests {
  /// A receiver that answers as its paths say, and remembers what it was sent.
  private final class Receiver: Sendable {
    struct Request: Sendable {
      let path: String
      let headers: [String: String]
      let body: [UInt8]
    }

    let server: HTTPServer
    private let all: Requests

    private final class Requests: Sendable {
      let list = Mutex<[Request]>([])
      let hanging = Mutex<[Responder]>([])
    }

    init() throws {
      let requests = Requests()
      all = requests
      server = try HTTPServer.serving { request, responder in
        let names = [
          "content-type", "idempotency-key", "webhook-id", "webhook-timestamp", "webhook-signature", "authorization", "x-own",
        ]
        var headers: [String: String] = [:]
        for name in names { headers[name] = request.header(named: name) }
        let path = request.path
        requests.list.withLock { $0.append(Request(path: path, headers: headers, body: Array(request.body))) }
        switch path {
        case "/hang": requests.hanging.withLock { $0.append(responder) }
        case "/redirect":
          responder.answer(HTTPResponse(status: 307, headers: [("Location", "/elsewhere")], body: []))
        default:
          let status = Int(path.dropFirst()) ?? 200
          responder.answer(HTTPResponse(status: status, headers: [], body: Array("it is\nso".utf8)))
        }
      }
    }

    var requests: [Request] { all.list.withLock { $0 } }
    var host: String { "127.0.0.1:\(server.port)" }
  }

  private func sender(_ hosts: [String], secret: String? = nil, file: String? = nil, limit: Double = 5) throws -> WebhookSender {
    WebhookSender(
      allowed: try AllowedHosts(hosts), secrets: try WebhookSecrets(file: file, usual: secret), timeLimitSeconds: limit)
  }

  private func failure(_ sender: WebhookSender, _ url: String) async -> String {
    do {
      return "taken: \(try await sender.send(url, headers: [], body: "{}", idempotencyKey: "k"))"
    } catch {
      return "\(type(of: error)) \(error)"
    }
  }

  @Test func `a receiver gets the payload byte by byte, under the effect's key`() async throws {
    let receiver = try Receiver()
    let key = "4:rooms7:welcome5:a b:ü"
    for idempotencyKey in ["5:rooms1:e", key] {
      _ = try await sender([receiver.host]).send(
        "http://\(receiver.host)/p?q=%20", headers: [.init(name: "X-Own", value: "é")], body: "{\"a\": \"ü\\n\"}",
        idempotencyKey: idempotencyKey)
    }
    let all = receiver.requests
    try #require(all.count == 2)
    #expect(all[0].body == Array("{\"a\": \"ü\\n\"}".utf8) && all[0].body == all[1].body)
    #expect(all[0].headers["content-type"] == "application/json" && all[0].headers["x-own"] == "é")
    #expect(all[0].headers["idempotency-key"] == "5:rooms1:e")
    #expect(all[1].headers["idempotency-key"] == "sha256-\(Hashing.hexadecimal(Hashing.sha256(Array(key.utf8))))")
    #expect(all[0].headers["webhook-signature"] == nil)
  }

  @Test func `a key is carried as it is up to 255 characters`() {
    let longest = String(repeating: "a", count: 255)
    #expect(CarriedKey.text(longest) == longest)
    #expect(CarriedKey.text(longest + "a").hasPrefix("sha256-") && CarriedKey.text("a\nb").hasPrefix("sha256-"))
    #expect(CarriedKey.text("").isEmpty)
  }

  /// The example of the Standard Webhooks' own libraries.
  @Test func `a signature is that of the Standard Webhooks`() throws {
    let secret = try WebhookSecrets(file: nil, usual: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").of("h", port: 443).secret
    let headers = WebhookSignature.headers(
      try #require(secret), id: "msg_p5jXN8AQM9LWM0D4loKWxJek", time: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8))
    #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
    #expect(headers[2].value == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
  }

  @Test func `what is signed is what the receiver can check`() async throws {
    let receiver = try Receiver()
    let secret = "0123456789abcdef0123456789abcdef"
    for _ in 0..<2 {
      _ = try await sender([receiver.host], secret: secret).send(
        "http://\(receiver.host)/", headers: [], body: "[1]", idempotencyKey: "k")
    }
    let all = receiver.requests
    try #require(all.count == 2)
    for request in all {
      let (id, time) = (request.headers["webhook-id"] ?? "", request.headers["webhook-timestamp"] ?? "")
      let code = Hashing.hmacSHA256(key: Array(secret.utf8), Array("\(id).\(time).".utf8) + request.body)
      #expect(request.headers["webhook-signature"] == "v1,\(Data(code).base64EncodedString())")
      #expect(abs((Double(time) ?? 0) - Date().timeIntervalSince1970) < 60)
    }
    #expect(all[0].headers["webhook-id"] == all[1].headers["webhook-id"])
  }

  @Test func `every answer but 200 to 299 is a failure that is tried again, with what was answered`() async throws {
    let receiver = try Receiver()
    let sender = try sender([receiver.host], limit: 0.5)
    for status in [200, 201, 204, 299] {
      #expect(await failure(sender, "http://\(receiver.host)/\(status)") == "taken: \(status)")
    }
    for status in [400, 404, 410, 429, 500, 503] {
      #expect(
        await failure(sender, "http://\(receiver.host)/\(status)") == "SendingError \(receiver.host) answered \(status): it isso")
    }
    #expect(
      await failure(sender, "http://\(receiver.host)/redirect")
        == "SendingError \(receiver.host) answered 307, and redirections are not followed")
    #expect(!receiver.requests.contains { $0.path == "/elsewhere" })
    #expect(
      await failure(sender, "http://\(receiver.host)/hang")
        == "SendingError \(receiver.host) does not answer: Timeout was reached")
    #expect(
      await failure(try self.sender(["127.0.0.1:1"]), "http://127.0.0.1:1/").hasPrefix(
        "SendingError 127.0.0.1:1 does not answer: "))
  }

  @Test func `a host that the settings do not name is not asked, and nothing is tried again`() async throws {
    let receiver = try Receiver()
    for hosts in [[], ["127.0.0.1"], ["localhost:\(receiver.server.port)"], ["127.0.0.1:1"]] {
      let said = await failure(try sender(hosts), "http://\(receiver.host)/")
      #expect(
        said
          == "EffectRefusal webhooks to \(receiver.host) are not allowed: start the worker with --allow-webhook-host \(receiver.host)"
      )
    }
    #expect(receiver.requests.isEmpty)
    #expect(await failure(try sender(["h"]), "https://h@evil/").hasPrefix("EffectRefusal"))
  }

  @Test func `a name without a port stands for the usual ports`() throws {
    let allowed = try AllowedHosts(["Hooks.Example.org", "h:8443", "[::1]:9"])
    func allows(_ url: String) throws -> Bool { allowed.allow(try WebhookAddress(url: url)) }
    for url in [
      "https://hooks.example.org/", "http://HOOKS.example.org/x", "https://hooks.example.org:80/", "http://h:8443/",
      "http://[::1]:9/",
    ] {
      #expect(try allows(url), "\(url)")
    }
    for url in [
      "https://hooks.example.org:8443/", "https://example.org/", "https://x.hooks.example.org/",
      "https://hooks.example.org.evil/",
      "https://h/", "http://[::1]/", "https://hooks.example.orgx/",
    ] {
      #expect(try !allows(url), "\(url)")
    }
    for text in ["", "a b", "h:0", "https://h", "h/p", "[::1", "*", "user@h"] {
      #expect(throws: StartError.self, "\(text)") { try AllowedHosts([text]) }
    }
  }

  @Test func `a file holds secrets and headers by host`() async throws {
    let receiver = try Receiver()
    let path = NSTemporaryDirectory() + "afterimage-secrets-\(UUID().uuidString).yaml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
    try write(
      """
      hosts:
        "\(receiver.host)": { secret: 0123456789abcdef, headers: { Authorization: "Bearer t" } }
        hooks.example.org: { headers: { X-Own: "1" } }
      """)
    let secrets = try WebhookSecrets(file: path, usual: "the usual secret of all")
    #expect(secrets.of("127.0.0.1", port: Int(receiver.server.port)).secret == Array("0123456789abcdef".utf8))
    #expect(secrets.of("127.0.0.1", port: 1).secret == Array("the usual secret of all".utf8))
    #expect(secrets.of("hooks.example.org", port: 443).headers.map(\.value) == ["1"])
    #expect(secrets.of("hooks.example.org", port: 443).secret == Array("the usual secret of all".utf8))
    _ = try await sender([receiver.host], file: path).send(
      "http://\(receiver.host)/", headers: [], body: "1", idempotencyKey: "k")
    #expect(receiver.requests.first?.headers["authorization"] == "Bearer t")
    for (text, message) in [
      ("hosts: { h: { secret: short } }", "\(path):1:23: a secret has at least 16 bytes"),
      ("hosts: { h: { secret: whsec_!!! } }", "a secret has at least 16 bytes"), ("a: b", "write `hosts:"),
      ("hosts: { h: { key: 0123456789abcdef } }", "\(path):1:15: a host has no `key`"),
      ("hosts: { h: x }", "a host has a `secret`"),
      ("hosts: [", "\(path):"), ("hosts: { h: { headers: { A: \"a\\nb\" } } }", "a header is a text of one line"),
    ] {
      try write(text)
      do {
        _ = try WebhookSecrets(file: path, usual: nil)
        Issue.record("\(text) was taken")
      } catch {
        #expect("\(error)".contains(message), "\(error)")
      }
    }
    #expect(throws: StartError.self) { try WebhookSecrets(file: path + "x", usual: nil) }
    #expect(throws: StartError.self) { try WebhookSecrets(file: nil, usual: "fifteen bytes..") }
  }
}

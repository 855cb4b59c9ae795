internal import Crypto
internal import DynamoModel
internal import Foundation
internal import YAML

/// What webhooks carry that no pipeline file holds: by host, the secret that signs, and headers such as `Authorization`.
struct WebhookSecrets: Sendable {
  struct OfHost: Sendable, Equatable {
    /// The key of the signature; nil signs nothing.
    var secret: [UInt8]?
    var headers: [(name: String, value: String)] = []

    static func == (left: OfHost, right: OfHost) -> Bool {
      left.secret == right.secret && left.headers.map(\.name) == right.headers.map(\.name)
        && left.headers.map(\.value) == right.headers.map(\.value)
    }
  }

  /// By `host` or `host:port`.
  private var hosts: [String: OfHost] = [:]
  /// Of hosts that have none of their own.
  private let usual: [UInt8]?

  /// Reads the file: `hosts: { hooks.example.org: { secret: whsec_..., headers: { Authorization: 'Bearer ...' } } }`. Errors name its line.
  init(file: String?, usual: String?) throws(StartError) {
    self.usual = try usual.map { (text) throws(StartError) in try WebhookSecrets.key(text, "AFTERIMAGE_WEBHOOK_SECRET") }
    guard let file else { return }
    guard let data = FileManager.default.contents(atPath: file) else {
      throw StartError("the file of webhooks' secrets cannot be read: \(file)")
    }
    let root: YAMLNode
    do throws(YAMLError) {
      root = try YAML.parse(Array(data))
    } catch {
      throw StartError("\(file):\(error.mark): \(error.message)")
    }
    guard let entries = root.mapping, entries.map(\.key.text) == ["hosts"], let hosts = entries[0].value.mapping else {
      throw StartError("\(file):\(root.mark): write `hosts: { hooks.example.org: { secret: ... } }`")
    }
    for entry in hosts {
      let place = "\(file):\(entry.key.mark)"
      guard let members = entry.value.mapping else { throw StartError("\(place): a host has a `secret`, `headers` or both") }
      var found = OfHost()
      for member in members {
        switch member.key.text {
        case "secret": found.secret = try WebhookSecrets.key(member.value.scalar?.text ?? "", "\(file):\(member.value.mark)")
        case "headers":
          for header in member.value.mapping ?? [] {
            guard let value = header.value.scalar?.text, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
              throw StartError("\(file):\(header.value.mark): a header is a text of one line")
            }
            found.headers.append((header.key.text, value))
          }
        default:
          throw StartError("\(file):\(member.key.mark): a host has no `\(member.key.text)`: there are `secret` and `headers`")
        }
      }
      self.hosts[entry.key.text.lowercased()] = found
    }
  }

  /// A text's bytes; what begins with `whsec_` is base64, as the Standard Webhooks have it.
  private static func key(_ text: String, _ place: String) throws(StartError) -> [UInt8] {
    let prefix = "whsec_"
    let bytes = text.hasPrefix(prefix) ? Base64.decode(Array(text.dropFirst(prefix.count).utf8)) : Array(text.utf8)
    guard let bytes, bytes.count >= 16 else {
      throw StartError(
        "\(place): a secret has at least 16 bytes, as `openssl rand -hex 32` makes them; after `whsec_` it is base64")
    }
    return bytes
  }

  /// Of a host and port: what the file says of both, else of the host, else the usual secret.
  func of(_ host: String, port: Int) -> OfHost {
    var found = hosts["\(host):\(port)"] ?? hosts[host] ?? OfHost()
    if found.secret == nil { found.secret = usual }
    return found
  }
}

/// The headers of a signed request, by the Standard Webhooks: an identifier, the time of the attempt, and a code (HMAC-SHA-256) over both and the body.
///
/// Source: https://www.standardwebhooks.com
enum WebhookSignature {
  /// `time` in seconds since 1970.
  static func headers(_ secret: [UInt8], id: String, time: Int64, body: [UInt8]) -> [(name: String, value: String)] {
    let code = Hashing.hmacSHA256(key: secret, Array("\(id).\(time).".utf8) + body)
    return [("webhook-id", id), ("webhook-timestamp", "\(time)"), ("webhook-signature", "v1,\(Base64.encode(code))")]
  }
}

/// An effect's idempotency key as a header carries it.
enum CarriedKey {
  /// Itself where it is at most 255 printable ASCII characters; else its SHA-256, which no key itself looks like.
  static func text(_ key: String) -> String {
    let isPlain = key.utf8.count <= 255 && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    return isPlain ? key : "sha256-\(hash(key))"
  }

  static func hash(_ key: String) -> String { Hashing.hexadecimal(Hashing.sha256(Array(key.utf8))) }
}

internal import Pipelines

/// What a worker may do out in the world: named by whoever runs it, never by a pipeline file.
package struct EffectSettings: Sendable {
  /// Whom webhooks may ask.
  package var allowedHosts = AllowedHosts()
  /// The file of webhooks' secrets; nil for none.
  package var webhookSecretsFile: String?
  /// The secret of hosts that the file does not name; nil for none.
  package var webhookSecret: String?
  /// The program that takes mails, and its arguments; empty for none.
  package var mailCommand: [String] = []
  /// The address that mails are from; nil leaves it to the command.
  package var mailFrom: String?

  package init() {}

  /// Whether a text is one address, as `name@host`.
  package static func isAddress(_ text: String) -> Bool { ActionTemplate.isAddress(text) }
}

/// The hosts that webhooks may ask: those that the settings name, and no others. A name without a port stands for the ports 80 and 443.
package struct AllowedHosts: Sendable, Equatable {
  private struct Entry: Sendable, Equatable {
    let host: String
    let port: Int?
  }

  private var entries: [Entry] = []

  package init() {}

  /// Each is `host`, `host:port` or `[address]:port`. Throws what is wrong with one.
  package init(_ texts: [String]) throws(StartError) { for text in texts { try add(text) } }

  package mutating func add(_ text: String) throws(StartError) {
    do throws(WebhookAddress.Problem) {
      let (host, port) = try WebhookAddress.named(text)
      entries.append(Entry(host: host, port: port))
    } catch {
      throw StartError(error.reason)
    }
  }

  func allow(_ address: WebhookAddress) -> Bool {
    entries.contains { entry in
      entry.host == address.host && (entry.port.map { $0 == address.port } ?? (address.port == 80 || address.port == 443))
    }
  }
}

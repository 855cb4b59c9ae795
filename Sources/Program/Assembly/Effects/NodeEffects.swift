internal import Arguments
internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import Pipelines
internal import Telemetry
internal import Workers

/// Carries out every kind of effect.
struct NodeEffects: EffectSink {
  let tables: TableEffects
  let webhooks: WebhookSender
  let topics: TopicSender
  let mails: MailSender

  init(_ settings: NodeSettings, tables: TableEffects) throws(StartError) {
    self.tables = tables
    let outside = settings.effects
    let secrets: WebhookSecrets
    do throws(StartError) {
      secrets = try WebhookSecrets(file: outside.webhookSecretsFile, usual: outside.webhookSecret)
    } catch {
      // What is wrong in the file has its own place.
      let isThere = outside.webhookSecretsFile.map { FileManager.default.isReadableFile(atPath: $0) } ?? true
      throw isThere ? error : StartError("\(settings.options.lead("webhook-secrets"))\(error)")
    }
    webhooks = WebhookSender(allowed: outside.allowedHosts, secrets: secrets)
    topics = TopicSender(settings.kafkaConfiguration, settings.namespace, settings.logger)
    mails = MailSender(command: outside.mailCommand, from: outside.mailFrom)
  }

  func deleteItem(table: String, key: Item, seen: Item, seenThrough: Position) async throws -> Bool {
    try await tables.deleteItem(table: table, key: key, seen: seen, seenThrough: seenThrough)
  }

  func carryOut(_ action: ResolvedAction, idempotencyKey: String) async throws -> String {
    switch action {
    case .put(let table, _, let item, let condition):
      try await tables.put(item, in: table, when: condition, idempotencyKey: idempotencyKey)
    case .update(let table, let key, let set, let remove, let condition):
      try await tables.update(key, in: table, set: set, remove: remove, when: condition, idempotencyKey: idempotencyKey)
    case .webhook(let url, let headers, let body):
      try await webhooks.send(url, headers: headers, body: body, idempotencyKey: idempotencyKey)
    case .topic(let name, let key, let value):
      try await topics.send(name, key: key, value: value, idempotencyKey: idempotencyKey)
    case .mail(let to, let subject, let text):
      try await mails.send(to: to, subject: subject, text: text, idempotencyKey: idempotencyKey)
    case .refused(let reason): throw EffectRefusal(reason)
    }
  }

  /// What effects of a pipeline need and this process has not: sentences for the log. They would be given up.
  func missing(for pipeline: Pipeline) -> [String] {
    pipeline.effects.compactMap { effect in
      guard case .carryOut(let template) = effect.action else { return nil }
      switch template {
      case .webhook(let url, _, _):
        guard case .text(let start)? = url.parts.first, let address = try? WebhookAddress(url: start),
          !webhooks.allowed.allow(address)
        else { return nil }
        return "the effect `\(effect.name)` calls \(address.host):\(address.port), which --allow-webhook-host does not name"
      case .topic(let name, _, _):
        return topics.hasKafka ? nil : "the effect `\(effect.name)` publishes to the topic \(name), and there is no --kafka"
      case .mail:
        return mails.obstacle.map { "the effect `\(effect.name)` sends mails, and \($0)" }
      case .put, .update: return nil
      }
    }
  }
}

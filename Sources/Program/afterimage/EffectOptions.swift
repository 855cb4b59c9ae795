internal import Arguments
internal import Assembly
internal import Foundation

/// Options of `dev` and `serve` for effects that go out into the world. Each has a variable of the environment too.
enum EffectOptions {
  static let all = [
    Command.Option(
      "allow-webhook-host", value: "HOST",
      "Let webhooks of pipelines ask this host, or HOST:PORT; no others are asked. May be given several times. AFTERIMAGE_ALLOW_WEBHOOK_HOST names several, with commas between them.",
      repeats: true
    ),
    Command.Option(
      "webhook-secrets", value: "FILE",
      "By host, the secret that signs webhooks, and headers that no pipeline file should hold; see the README. AFTERIMAGE_WEBHOOK_SECRET holds a secret for all hosts."
    ),
    Command.Option(
      "mail-command", value: "COMMAND",
      "The program that gets mails of pipelines on its standard input, with its arguments, as `/usr/sbin/sendmail -t -i`; no shell reads it. AFTERIMAGE_MAIL_COMMAND says it too."
    ),
    Command.Option("mail-from", value: "ADDRESS", "The address that mails are from; without it the mail command's own."),
  ]

  static func settings(_ arguments: ParsedArguments) throws(UsageError) -> EffectSettings {
    let environment = ProcessInfo.processInfo.environment
    func usual(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    var settings = EffectSettings()
    var hosts = arguments.all("allow-webhook-host")
    if hosts.isEmpty {
      hosts = (usual("AFTERIMAGE_ALLOW_WEBHOOK_HOST") ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    for host in hosts {
      do throws(StartError) {
        try settings.allowedHosts.add(host)
      } catch {
        throw UsageError(
          "\(arguments.named("allow-webhook-host", host)) takes a host, or a host and a port: \(error.description)",
          command: arguments.command)
      }
    }
    settings.webhookSecretsFile = arguments.value("webhook-secrets")
    settings.webhookSecret = usual("AFTERIMAGE_WEBHOOK_SECRET")
    let command = arguments.value("mail-command") ?? usual("AFTERIMAGE_MAIL_COMMAND") ?? ""
    settings.mailCommand = command.split(separator: " ").map(String.init)
    if arguments.value("mail-command") != nil, settings.mailCommand.isEmpty {
      throw UsageError("\(arguments.named("mail-command")) names a program and its arguments", command: arguments.command)
    }
    if let from = arguments.value("mail-from") {
      guard EffectSettings.isAddress(from) else {
        throw UsageError(
          "\(arguments.named("mail-from")) takes an address, as `board@example.org`, not `\(from)`", command: arguments.command)
      }
      settings.mailFrom = from
    }
    return settings
  }
}

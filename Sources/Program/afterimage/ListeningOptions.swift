internal import Arguments

/// Options that `dev` and `serve` have alike: where a process listens, whom it answers, and how far its clock may have jumped.
enum ListeningOptions {
  static let all: [Command.Option] = [
    .init("address", value: "IP", "Where the table API listens; other than loopback only with --keys.", default: "127.0.0.1"),
    .init(
      "page-address", value: "IP", "Where the page and the queries listen; other than loopback only with --keys.",
      default: "127.0.0.1"),
    .init(
      "keys", value: "FILE",
      "Who may call: keys of the table API and of the page and the queries, and what each may do; see the README. Without it everybody."
    ),
    .init(
      "host", value: "NAME",
      "Answer requests that name this host, beside loopback and the addresses listened on. May be given several times.",
      repeats: true),
    .init(
      "cors", value: "ORIGIN",
      "Let pages of this origin call the table API, beside those of loopback; with --keys every origin may. May be given several times.",
      repeats: true
    ),
    .init("tls-cert", value: "FILE", "Speak TLS with this certificate (PEM); needs --tls-key. Read again when it changes."),
    .init("tls-key", value: "FILE", "The certificate's private key (PEM)."),
    .init(
      "clock-jump-max", value: "DAYS",
      "A start more than this many days after the tables' last time refuses writes until `table clock --accept-jump`.",
      default: "7"),
  ]
}

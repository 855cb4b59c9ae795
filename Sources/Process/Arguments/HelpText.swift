/// The text of `--help`.
enum HelpText {
  static func make(_ command: Command, path: String) -> String {
    var lines = [command.about, ""]
    if command.commands.isEmpty {
      var usage = "Usage: \(path)"
      if !command.options.isEmpty { usage += " [options]" }
      for positional in command.positionals {
        switch positional.count {
        case .one: usage += " \(positional.name)"
        case .optional: usage += " [\(positional.name)]"
        case .many: usage += " [\(positional.name)...]"
        }
      }
      lines.append(usage)
    } else {
      lines.append("Usage: \(path) COMMAND")
    }
    if !command.notes.isEmpty { lines += ["", command.notes] }
    if !command.commands.isEmpty { lines += section("Commands", command.commands.map { ($0.name, $0.about) }) }
    if !command.positionals.isEmpty { lines += section("Arguments", command.positionals.map { ($0.name, $0.about) }) }
    let options = command.options.map { option -> (String, String) in
      let short = option.short.map { "-\($0), " } ?? ""
      let value = option.value.map { " \($0)" } ?? ""
      let fallback = option.default.map { " (default \($0))" } ?? ""
      return (short + "--" + option.name + value, option.about + fallback)
    }
    lines += section("Options", options + [("-h, --help", "Show this help.")])
    return lines.joined(separator: "\n") + "\n"
  }

  private static func section(_ title: String, _ rows: [(String, String)]) -> [String] {
    let width = min(34, rows.map(\.0.count).max() ?? 0)
    return ["", "\(title):"]
      + rows.map { left, right in
        left.count > width
          ? "  \(left)\n  \(String(repeating: " ", count: width))  \(right)"
          : "  \(left)\(String(repeating: " ", count: width - left.count))  \(right)"
      }
  }
}

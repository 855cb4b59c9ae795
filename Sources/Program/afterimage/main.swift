import Arguments
import Foundation
import Services

// Exit codes: 0 done, 1 it failed, 2 the command line was wrong, 3 a check or test found something.
Memory.bound()
let arguments = Array(CommandLine.arguments.dropFirst())
do {
  if arguments == ["--version"] {
    Console.line("afterimage \(Version.number)")
    exit(0)
  }
  switch try CommandLineParser.parse(Commands.root, arguments, settled: SettingsFile.settled) {
  case .help(let text): Console.text(text)
  case .run(let command, let parsed): try await command.run?(parsed)
  }
} catch let error as UsageError {
  Console.error("\(error)")
  exit(2)
} catch let error as CheckFailure {
  if !error.message.isEmpty { Console.error(error.message) }
  exit(3)
} catch {
  Console.error("\(error)")
  exit(1)
}

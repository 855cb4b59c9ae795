internal import Arguments
internal import Assembly

/// `afterimage worker`: the workers of a fleet.
enum WorkerCommand {
  static let command = Command("worker", about: "Manage workers that share pipelines.", commands: [drain])

  /// `afterimage worker drain NAME`
  private static let drain = Command(
    "drain", about: "Stop a worker for good, once others have taken its lanes.",
    notes: """
      A worker that has an --instance keeps its place in its groups when it is stopped, so that it comes back without a rebalance; one that does not
      come back leaves its lanes idle for the session time-out. This asks the worker of that name on this machine (SIGUSR1) not to come back: its lanes
      go on there until other workers have taken them, and then it ends. A worker without an --instance gives its lanes back at every stop.
      """,
    positionals: [.init("NAME", "The worker's --instance.")],
    options: [.init("data", value: "DIR", "The worker's data directory.", default: "./afterimage-data")]
  ) { arguments in
    let (name, path) = (arguments.words[0], arguments.value("data") ?? "./afterimage-data")
    guard InstanceLock.isName(name) else { throw InstanceName.mistake(name, "NAME", arguments) }
    guard let process = try InstanceLock.drain(name, in: path) else {
      throw CommandError("no worker with the instance name \(name) runs in \(path)")
    }
    Console.line("the worker \(name), process \(process), leaves its lanes to others")
    while try InstanceLock.holder(of: name, in: path) == process { try await Task.sleep(for: .milliseconds(100)) }
    Console.line("it has ended")
  }
}

/// What an instance may be called.
enum InstanceName {
  static func mistake(_ name: String, _ option: String, _ arguments: ParsedArguments) -> UsageError {
    UsageError(
      "\(option) takes 1 to \(InstanceLock.bytesMax) letters, digits, dots, underscores and hyphens, not `\(name)`",
      command: arguments.command)
  }
}

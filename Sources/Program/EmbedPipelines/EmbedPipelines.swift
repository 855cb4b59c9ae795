import PackagePlugin

/// Has the sample pipelines of the repository written into the program, so that `afterimage dev --demo` finds them in any folder.
@main struct EmbedPipelines: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let pipelines = context.package.directoryURL.appending(path: "pipelines")
    let names = [
      "chat-memory", "chat-rooms", "chatbot-sessions", "direct-messages", "errbot", "game-scores", "mini-jira", "session-store",
      "session-store-single",
    ]
    let inputs = names.map { pipelines.appending(path: $0).appending(path: "pipeline.yaml") }
    let output = context.pluginWorkDirectoryURL.appending(path: "SamplePipelines.swift")
    return [
      .buildCommand(
        displayName: "Embedding the sample pipelines", executable: try context.tool(named: "afterimage-embed").url,
        arguments: [output.path()] + inputs.map { $0.path() }, inputFiles: inputs, outputFiles: [output])
    ]
  }
}
